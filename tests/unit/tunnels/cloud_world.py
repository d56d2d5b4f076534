# SPDX-License-Identifier: MIT
"""An account at a double of Cloudflare's API, and what is done with it."""

from dataclasses import dataclass

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.providers.cloudflare.steps import Made, Step, Wish
from tests.fakes.cloudflare_api import CloudflareApi

HOST, SERVICE = "code.example.com", "http://127.0.0.1:4611"


@dataclass
class World:
    """A double with an account and a zone, a token that may do all, and what was reported."""

    api: CloudflareApi
    account: str
    zone: str
    token: Secret
    told: list[tuple[str, str]]
    kept: list[Made]

    @property
    def ours(self) -> Account:
        return Account(self.api.base, pause=0.0)

    def wish(self, **other: str) -> Wish:
        return Wish(**{"name": "nexus", "hostname": HOST, "service": SERVICE, "zone": self.zone, **other})

    async def report(self, step: Step, made: Made) -> None:
        self.told.append((step.name, step.state))
        self.kept.append(made)

    async def create(self, **other: str) -> Made:
        return await self.ours.create(self.token, self.wish(**other), self.report)

    def nothing_is_left(self) -> bool:
        return not self.api.living and not self.api.records

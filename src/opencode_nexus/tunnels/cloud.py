# SPDX-License-Identifier: MIT
"""Tunnels of kind api: what stands for them at Cloudflare, and the API token they were made with."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from opencode_nexus.core.bus import Bus
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import ApiTokenMissing
from opencode_nexus.tunnels.origins import Origins, by_port
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.providers.cloudflare.errors import HalfMade
from opencode_nexus.tunnels.providers.cloudflare.steps import Made, Step, Wish
from opencode_nexus.tunnels.run import Vault

Keep = Callable[[TunnelConfig], Awaitable[None]]


class Cloud:
    """Makes and deletes at Cloudflare; tells the bus (topic "tunnel-step") of each step."""

    def __init__(self, account: Account, vault: Vault, bus: Bus, origins: Origins) -> None:
        self._account, self._vault, self._bus, self._origins = account, vault, bus, origins

    async def check(self, token: Secret) -> None:
        """Raise what Cloudflare has against an API token."""
        await self._account.verify(token)

    async def make(self, config: TunnelConfig, token: Secret, keep: Keep) -> tuple[TunnelConfig, Secret]:
        """Make the tunnel; returns it with Cloudflare's ids, and the token that cloudflared runs with.

        `keep` is called with the tunnel's name there before it is asked for, and with the ids as soon as something
        stands there: a hub that is killed meanwhile must not leave anything that nobody can remove. So the name is one
        that nobody else gives. What is half made is rolled back; then `keep` hears that too.
        """
        now = config

        async def report(step: Step, made: Made) -> None:
            nonlocal now
            if (made.tunnel_id, made.record, made.asked) != (now.tunnel_id, now.record, now.asked):
                now = _with(now, made, "")  # it leads nowhere yet
                await keep(now)
            self._bus.publish("tunnel-step", step)

        wish = Wish(
            name=f"{config.name}-{secrets.token_hex(4)}", hostname=config.hostname, service=by_port(self._origins),
            account=config.account, zone=config.zone,
        )  # fmt: skip
        made = await self._account.create(token, wish, report)
        return _with(now, made, wish.service), made.token or await self._account.tunnel_token(token, made)

    async def delete(self, tunnel_id: str, config: TunnelConfig) -> None:
        """Delete what was made for the tunnel, and nothing else; its cloudflared must have been stopped."""
        if not stands(config):
            return

        async def report(step: Step, made: Made) -> None:
            self._bus.publish("tunnel-step", step)

        await self._account.delete(await self._token(tunnel_id), _made(config), report)

    async def point(self, tunnel_id: str, config: TunnelConfig) -> TunnelConfig:
        """Lead the tunnel to where the hub listens now; returns it as it stands at Cloudflare then."""
        if config.asked:
            raise HalfMade("Its making was broken off. Remove it, which takes away what is there, and add it again.")
        service = by_port(self._origins)
        await self._account.point(await self._token(tunnel_id), _made(config), service)
        return replace(config, service=service)

    async def _token(self, tunnel_id: str) -> Secret:
        kept = await asyncio.to_thread(self._vault.get, api_token_name(tunnel_id))
        if not kept:
            raise ApiTokenMissing()
        return Secret(kept)


def api_token_name(tunnel_id: str) -> str:
    """Return the name under which the API token is kept that a tunnel was made with."""
    return f"tunnel-api-token:{tunnel_id}"


def stands(config: TunnelConfig) -> bool:
    """Whether something may stand for it at Cloudflare."""
    return bool(config.tunnel_id or config.record or config.asked)


def _with(config: TunnelConfig, made: Made, service: str) -> TunnelConfig:
    return replace(
        config, account=made.account, zone=made.zone, tunnel_id=made.tunnel_id, record=made.record, service=service,
        asked=made.asked,
    )  # fmt: skip


def _made(config: TunnelConfig) -> Made:
    return Made(config.account, config.zone, config.hostname, config.tunnel_id, config.record, asked=config.asked)

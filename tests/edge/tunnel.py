# SPDX-License-Identifier: MIT
"""A tunnel as Cloudflare knows it."""

import base64
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.leaks import remember

if TYPE_CHECKING:
    from tests.edge.connection import Connection

QUICK_DOMAIN = "trycloudflare.com"


@dataclass
class Tunnel:
    """`hostnames` lead to it. With an `ingress` it is managed from here: the edge pushes that as its configuration."""

    hostnames: list[str]
    quick: bool = False
    ingress: list[dict[str, Any]] | None = None
    version: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    account: str = field(default_factory=lambda: secrets.token_hex(16))
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    connections: "list[Connection]" = field(default_factory=list)
    applied: list[tuple[int, str]] = field(default_factory=list)
    """What cloudflared answered to each push: (version that it uses now, error)."""

    def __post_init__(self) -> None:
        remember(self.token)
        remember(self.credentials["TunnelSecret"])

    @property
    def hostname(self) -> str:
        return self.hostnames[0]

    @property
    def url(self) -> str:
        return f"https://{self.hostname}"

    @property
    def token(self) -> str:
        """What `tunnel run --token` takes."""
        parts = {"a": self.account, "t": str(self.id), "s": base64.b64encode(self.secret).decode()}
        return base64.b64encode(json.dumps(parts).encode()).decode()

    @property
    def credentials(self) -> dict[str, str]:
        """What a credentials file holds."""
        secret = base64.b64encode(self.secret).decode()
        return {"AccountTag": self.account, "TunnelSecret": secret, "TunnelID": str(self.id)}

    @property
    def configuration(self) -> bytes:
        """What is pushed: `ingress`, and 404 for all else."""
        rules = [*(self.ingress or []), {"service": "http_status:404"}]
        return json.dumps({"ingress": rules}).encode()


def quick_tunnel() -> Tunnel:
    """A new one, under a name that nobody has."""
    return Tunnel([f"{secrets.token_hex(3)}-local-edge-words.{QUICK_DOMAIN}"], quick=True)

# SPDX-License-Identifier: MIT
"""A tunnel as it is wanted."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, get_args

from opencode_nexus.tunnels.errors import BadTunnel

Kind = Literal["quick", "token", "api", "config"]
EdgeProtocol = Literal["auto", "quic", "http2"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PROTOCOLS: tuple[EdgeProtocol, ...] = get_args(EdgeProtocol)

_NAME = re.compile(r"[^\s/\x00-\x1f][^/\x00-\x1f]{0,39}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+{_LABEL}")
_MAIL = re.compile(r"(?:[^@\s,*]+|\*)@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")


def is_local(name: str) -> bool:
    """Tell whether a host name is an IP address or this machine's own name: the hub is reached by it on this side."""
    name = name.strip("[]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return True


@dataclass(frozen=True, slots=True)
class TunnelConfig:
    """What a person chose.

    `target` is always the hub: a tunnel straight to OpenCode would be an open shell. `hostname` is the public name
    (kinds api and config; for token it comes from the edge, for quick a new one each start). `stop_after` and
    `stop_idle` are seconds until it closes by itself, None: never. `allowed_mail` (quick only, cloudflared 2026.9.2 and
    newer): who may pass Cloudflare's e-mail check. `credentials` is the path of a credentials file (config).
    `account`, `zone`, `tunnel_id` and `record` are Cloudflare's ids of what we made (api), `service` is where we let it
    lead there. `asked` is the name under which it was asked for, until all of it is made.
    """

    name: str
    kind: Kind
    target: Literal["hub"] = "hub"
    hostname: str = ""
    protocol: EdgeProtocol = "auto"
    autostart: bool = False
    stop_after: float | None = None
    stop_idle: float | None = None
    allowed_mail: tuple[str, ...] = ()
    credentials: str = ""
    account: str = ""
    zone: str = ""
    tunnel_id: str = ""
    record: str = ""
    service: str = ""
    asked: str = ""

    def checked(self) -> "TunnelConfig":
        """Return it when it makes sense; raises BadTunnel naming the field and what to do."""
        if not _NAME.fullmatch(self.name.strip()):
            raise BadTunnel("A name has 1 to 40 characters and no slash.", field="name")
        if self.kind not in KINDS:
            raise BadTunnel(f"The kind is one of {', '.join(KINDS)}.", field="kind")
        if self.target != "hub":
            raise BadTunnel("A tunnel leads to the hub, never past its login.", field="target")
        if self.protocol not in PROTOCOLS:
            raise BadTunnel(f"The protocol is one of {', '.join(PROTOCOLS)}.", field="protocol")
        if self.hostname and (is_local(self.hostname) or not _HOSTNAME.fullmatch(self.hostname)):
            raise BadTunnel(f"{self.hostname!r} is not a host name such as code.example.com.", field="hostname")
        if self.kind in ("api", "config") and not self.hostname:
            raise BadTunnel("This kind needs the public host name.", field="hostname")
        if self.kind == "config" and not self.credentials:
            raise BadTunnel("This kind needs the path of the credentials file.", field="credentials")
        for seconds, field in ((self.stop_after, "stop_after"), (self.stop_idle, "stop_idle")):
            if seconds is not None and not 60 <= seconds <= 30 * 86_400:
                raise BadTunnel("A time to close by itself is between a minute and 30 days.", field=field)
        for address in self.allowed_mail:
            if not _MAIL.fullmatch(address):
                raise BadTunnel(f"{address!r} is not an e-mail address, nor *@example.com.", field="allowed_mail")
        if self.allowed_mail and self.kind != "quick":
            raise BadTunnel("Cloudflare's e-mail check is for quick tunnels; others have Access.", field="allowed_mail")
        return self

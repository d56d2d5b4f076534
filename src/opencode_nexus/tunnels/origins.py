# SPDX-License-Identifier: MIT
"""Where a tunnel hands requests to: the hub's own listener for tunnels."""

import ipaddress
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from opencode_nexus.tunnels.config import TunnelConfig

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class Origins(Protocol):
    """The hub's listeners for tunnels (`web.tunnel_door`).

    `unix` is a socket in the home folder, None where there is none; `port` a loopback port, which is the same after
    each restart. `moved`: another program had that port at this start, so it is another one now and from now on.
    `left`: the ports that it was before. `main` is the port of the hub's other door, which takes nothing from a tunnel,
    0 before there is one; `taken`: whether that door answers to a name.
    """

    @property
    def unix(self) -> Path | None: ...
    @property
    def port(self) -> int: ...
    @property
    def moved(self) -> bool: ...
    @property
    def left(self) -> Container[int]: ...
    @property
    def main(self) -> int: ...
    def taken(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Route:
    """One rule of the configuration in force: visitors of `hostname` ("" for all others) get `service`."""

    hostname: str
    service: str


def service(origins: Origins, config: TunnelConfig) -> str:
    """Return the address for a tunnel, as cloudflared's ingress takes it.

    For kinds token and api it stands in Cloudflare's own configuration, as text that a person may have typed: there it
    is always the port. Over http2 cloudflared passes no WebSocket on to a Unix socket ("no Host in request URL",
    measured with 2026.6.0, its issue 560).
    """
    if config.kind in ("quick", "config") and config.protocol != "http2" and origins.unix is not None:
        return f"unix:{origins.unix}"
    return by_port(origins)


def by_port(origins: Origins) -> str:
    """Return the address of the hub's port, which is what a person puts into Cloudflare's configuration."""
    return f"http://127.0.0.1:{origins.port}"


def all_of(origins: Origins) -> frozenset[str]:
    """Return every address at which the hub listens for tunnels now."""
    return frozenset({by_port(origins)} | (set() if origins.unix is None else {f"unix:{origins.unix}"}))


def leads_here(address: str, port: int) -> bool:
    """Tell whether a service address out of Cloudflare's configuration is the hub's port."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and parts.hostname in LOCAL and parts.port == port
    except ValueError:
        return False


def at_main_door(routes: Iterable[Route], main: int) -> Route | None:
    """Return the first rule out of Cloudflare's configuration that leads to the hub's `main` port."""
    return next((route for route in routes if main and _local_port(route.service) == main), None)


def astray(routes: Iterable[Route], port: int, left: Container[int], main: int = 0) -> Route | None:
    """Return the first rule out of Cloudflare's configuration that hands the hub's visitors to another program here.

    That is one to a port that the hub has `left`; and, where none leads to the hub's own `port`, one to any other port
    of this machine. A tunnel that leads here may lead to other programs as well, under names of theirs. The hub's own
    `main` port is no other program: what comes there by a tunnel is refused.
    """
    ours = (None, port, main)
    elsewhere = [(route, found) for route in routes if (found := _local_port(route.service)) not in ours]
    for route, found in elsewhere:
        if found in left:
            return route
    if not elsewhere or any(leads_here(route.service, port) for route in routes):
        return None
    return elsewhere[0][0]


def _local_port(address: str) -> int | None:
    """Return the port of this machine that a service address leads to, None when it leads to none."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if host not in LOCAL and not host.endswith(".localhost"):
            there = ipaddress.ip_address(host)
            if not (there.is_loopback or there.is_unspecified):
                return None
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None

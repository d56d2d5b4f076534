# SPDX-License-Identifier: MIT
"""The permissions that an API token needs: the exact list, and what was found out about a token."""

from dataclasses import dataclass
from typing import Literal

Grant = Literal["granted", "missing", "not known"]


@dataclass(frozen=True, slots=True)
class Needed:
    """One permission, named as Cloudflare's dashboard names it, and what we use it for."""

    name: str
    why: str


TUNNEL = Needed("Account · Cloudflare Tunnel · Edit", "makes the tunnel, says where it leads, and deletes it")
RECORDS = Needed("Zone · DNS · Edit", "makes the name that leads to the tunnel, and deletes it")
ZONES = Needed("Zone · Zone · Read", "lists your domains, so that you can choose one")
PERMISSIONS = (TUNNEL, RECORDS, ZONES)


@dataclass(frozen=True, slots=True)
class Permission:
    """A needed permission and whether the token has it, for at least one account or zone.

    "not known": it shows only when it is used. `detail` says what was seen.
    """

    name: str
    why: str
    state: Grant
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """An account that the token reaches; `tunnels` is whether tunnels can be edited in it."""

    id: str
    name: str
    tunnels: Grant


@dataclass(frozen=True, slots=True)
class Zone:
    """A domain that the token reaches; `status` is Cloudflare's (active, pending, …), `dns` is for its records."""

    id: str
    name: str
    account: str
    status: str
    dns: Grant


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token is good for. `expires` as Cloudflare writes it, None: never, or not told."""

    permissions: tuple[Permission, ...]
    accounts: tuple[CloudAccount, ...]
    zones: tuple[Zone, ...]
    expires: str | None = None

    @property
    def missing(self) -> tuple[Permission, ...]:
        """The permissions that are known to be missing."""
        return tuple(permission for permission in self.permissions if permission.state == "missing")

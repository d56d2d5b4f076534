# SPDX-License-Identifier: MIT
"""Which Host headers are answered: not that of a site that points its own name at us (DNS rebinding)."""

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Protocol

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"", "0.0.0.0", "::"})

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:\[\]@/?#\\]+))(?::(?P<port>\d{1,5}))?")


def host_name(header: str) -> str | None:
    """The host of a Host header or of an entry in a setting: no port, lower case; None: not a host."""
    found = _HOST.fullmatch(header.strip())
    if found is None:
        return None
    name: str = found["six"] or found["name"]
    return name.rstrip(".").lower() or None


class Hosts(Protocol):
    """Which Host headers are answered."""

    def allows(self, header: str) -> bool:
        """Whether a request with this Host header is answered."""
        ...


class PublicHosts:
    """The names at which tunnels are reached, and no others: not even this machine's own."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def allows(self, header: str) -> bool:
        """Whether a request with this Host header is answered."""
        return host_name(header) in self._names


class HostList:
    """The names this hub answers to; ports are not compared, since rebinding needs a name.

    Always the loopback names and the address it listens on. When that is a wildcard, any literal IP address:
    no name server stands behind one. Entries of `extra` are names, with or without port, or `*.name` for all
    names below it.
    """

    def __init__(self, bound: str, extra: Iterable[str] = ()) -> None:
        own = bound.strip("[]").lower()
        names = set(LOOPBACK) if own in WILDCARDS else {*LOOPBACK, own}
        self._any_address = own in WILDCARDS
        below: set[str] = set()
        for entry in extra:
            if entry.startswith("*."):
                below.add("." + entry[2:].lower())
            else:
                # an IPv6 address may be given bare, as people write it
                names.add(host_name(entry) or entry.strip("[]").lower())
        self._names, self._below = frozenset(names), tuple(below)

    def allows(self, header: str) -> bool:
        """Whether a request with this Host header is answered."""
        name = host_name(header)
        if name is None:
            return False
        if name in self._names or (self._below and name.endswith(self._below)):
            return True
        return self._any_address and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

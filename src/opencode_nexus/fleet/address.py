# SPDX-License-Identifier: MIT
"""The address of a server that runs elsewhere, and whether it leads back to this machine."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

import psutil

from opencode_nexus.fleet.attached_errors import BadAddress

PORTS = {"http": 80, "https": 443}
DEFAULT = 4096  # where "opencode serve" listens when the port is free and none is named (measured on 1.18.33)


def check_address(text: str) -> str:
    """Return the address in one way of writing it, "http://host:port" and a path if it has one; raises BadAddress.

    Without http:// it is taken for http, and then without a port for OpenCode's own.
    """
    text = text.strip()
    if not text.isprintable():  # urlsplit would leave a line's end out
        raise BadAddress("It has characters that cannot be seen.")
    bare = "://" not in text
    try:
        parts = urlsplit(f"http://{text}" if bare else text)
        host, port = (parts.hostname or ""), parts.port
    except ValueError as error:
        raise BadAddress(f"{text[:200]!r}: {error}.") from error
    if parts.scheme not in PORTS:
        raise BadAddress(f"{parts.scheme[:20]}: is neither http: nor https:.")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("It holds a user name.", hint="Give user name and password beside it: addresses are shown.")
    if parts.query or parts.fragment:
        raise BadAddress("It has more after its path.", hint="Leave out what comes after ? or #.")
    if not re.fullmatch(r"[0-9A-Za-z._:%-]{1,253}", host) or port == 0:
        raise BadAddress(f"{text[:200]!r} has no host or port that can be used.")
    if not re.fullmatch(r"[0-9A-Za-z._~/%-]{0,500}", parts.path):
        raise BadAddress(f"{parts.path[:100]!r} is no path that can be used.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or (DEFAULT if bare else PORTS[parts.scheme])}{parts.path.rstrip('/')}"


def host_and_port(address: str) -> tuple[str, int]:
    """Return both parts of an address that was checked."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]


def is_here(host: str) -> bool:
    """Tell whether `host` is this machine; what cannot be looked up is not. Blocks: asks the system's resolver."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    own = {str(one.address).partition("%")[0] for each in psutil.net_if_addrs().values() for one in each}
    for text in found:
        address = ipaddress.ip_address(str(text).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_loopback or address.is_unspecified or str(address) in own:
            return True
    return False


def is_plain(address: str) -> bool:
    """Tell whether a password sent there can be read on the way: http to another machine. Blocks."""
    return address.startswith("http:") and not is_here(host_and_port(address)[0])

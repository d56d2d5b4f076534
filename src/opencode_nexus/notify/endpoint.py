# SPDX-License-Identifier: MIT
"""Where messages may be sent: to a push service on the internet, never to something on this machine or its network.

A browser names its endpoint itself, so whoever is signed in could name any address. What it answers is not shown, and
redirects are not followed.
"""

import asyncio
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from opencode_nexus.notify.errors import DeviceUnusable

LONGEST = 2000  # characters; the longest in use have about 600


def check_shape(endpoint: str) -> str:
    """Return the host of `endpoint`; raises DeviceUnusable unless it is https at a public name."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise DeviceUnusable("Its endpoint is no address.") from error
    if parts.scheme != "https" or not host or parts.username is not None or port not in (None, 443):
        raise DeviceUnusable("Its endpoint is not an https address on the usual port.")
    if len(endpoint) > LONGEST or not endpoint.isascii() or not endpoint.isprintable() or "." not in host:
        raise DeviceUnusable("Its endpoint is no address of a push service.")
    if _is_address(host):
        raise DeviceUnusable("Its endpoint is a bare address, which push services do not have.")
    return host


async def check(endpoint: str) -> None:
    """Raise DeviceUnusable unless `endpoint` leads to the internet; its name is looked up, so OSError is possible."""
    host = check_shape(endpoint)
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    for *_, place in found:
        if not ip_address(str(place[0]).partition("%")[0]).is_global:
            raise DeviceUnusable("Its endpoint leads to this machine or its network.")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()
    return True

# SPDX-License-Identifier: MIT
"""The port of the hub: that it listens, or that it could."""

import asyncio
import errno
import socket
import sys

import psutil

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked


async def look(around: Around) -> Looked:
    """A hub tells where it listens; without one its port must be free."""
    services, settings = around.services, around.settings()
    if services is not None and (address := services.address()):
        if services.moved():
            todo = "Put the new port where Cloudflare was told the old one; each tunnel's page says it."
            return Looked("warn", f"It listens at {address}, but the tunnels' port was taken by another program.", todo)
        return Looked("pass", f"It listens at {address}.")
    if around.hub == "elsewhere":
        return Looked("unknown", "A hub runs and does not answer.")
    if settings.port == 0:
        return Looked("pass", "Any free port is taken.")
    return await asyncio.to_thread(_free, settings.host, settings.port)


def _free(host: str, port: int) -> Looked:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":  # as the hub itself does: a connection that has just ended is no hindrance
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            todo = "Stop that program, or start with another port: --port."
            return Looked("fail", f"Port {port} is taken by {_who(port)}.", todo)
        return Looked(
            "fail", f"{host}:{port}: {error.strerror or error}.", "Start with another address: --host, --port."
        )
    return Looked("pass", f"Port {port} is free.")


def _who(port: int) -> str:
    """Return who listens at the port, in words."""
    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
                return f"process {one.pid} ({psutil.Process(one.pid).name()})"
    except (psutil.Error, OSError):  # macOS tells this to the administrator alone
        pass
    return "another program"

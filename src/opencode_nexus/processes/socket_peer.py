# SPDX-License-Identifier: MIT
"""Which process is at the other end of a local connection."""

import socket
import struct
import sys
from typing import Any

import psutil

Address = tuple[str, int]

_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS: sys/un.h


def at_socket(connection: Any, pids: frozenset[int]) -> bool:
    """Whether one of `pids`, or a process below one, is at the other end of a Unix socket."""
    pid = _peer(connection)
    return pid in pids or (pid > 0 and bool(pids) and _below(pid, pids))


def at_port(peer: Address, own: Address, pids: frozenset[int]) -> bool:
    """Whether one of `pids`, or a process below one, holds the other end of a loopback connection.

    Takes some milliseconds: the system's table of connections is read.
    """
    if any(_holds(pid, peer, own) for pid in pids):
        return True
    return any(_holds(pid, peer, own) for pid in _children(pids))


if sys.platform == "linux":

    def _peer(connection: Any) -> int:
        try:
            given = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", given)[0])
        except OSError:
            return 0

else:

    def _peer(connection: Any) -> int:
        try:
            return int(connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID))
        except OSError:
            return 0


def _below(pid: int, pids: frozenset[int]) -> bool:
    # the chosen cloudflared may be a script that runs the real one
    try:
        return any(parent.pid in pids for parent in psutil.Process(pid).parents())
    except psutil.Error:
        return False


def _children(pids: frozenset[int]) -> set[int]:
    found: set[int] = set()
    for pid in pids:
        try:
            found.update(child.pid for child in psutil.Process(pid).children(recursive=True))
        except psutil.Error:
            continue
    return found


def _holds(pid: int, peer: Address, own: Address) -> bool:
    try:
        table = psutil.Process(pid).net_connections("tcp4")
    except psutil.Error:
        return False
    return any(tuple(line.laddr) == peer and tuple(line.raddr) == own for line in table)

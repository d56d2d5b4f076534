# SPDX-License-Identifier: MIT
"""Run a command where only loopback exists: python tests/edge/isolated.py COMMAND ...

A new network namespace, and a user namespace where one is needed to be allowed that (Linux, as root or not), in which
nothing but `lo` is there and up. cloudflared looks names up and dials addresses of its own whatever it is told; in
here all that fails at once instead of leaving the machine or waiting. Needs the standard library alone. Where the
system does not allow it, the command runs as it is: the tests see that for themselves, and say so.
"""

import contextlib
import ctypes
import errno
import os
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
OUTSIDE = ("192.0.2.1", 9)  # an address for documentation: a route to it is a route out


def isolate() -> None:
    """Leave this process's network for one with loopback alone; raises OSError."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux has network namespaces")
    uid, gid = os.getuid(), os.getgid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNET):
        if library.unshare(CLONE_NEWUSER | CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _bring_up("lo")


def _bring_up(interface: str) -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", interface.encode(), 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", interface.encode(), flags | IFF_UP))


def only_loopback() -> bool:
    """Whether nothing here leads out, and loopback works. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(OUTSIDE)
            return False
        try:
            probe.connect(("127.0.0.1", OUTSIDE[1]))
        except OSError:
            return False
    return True


def _possible() -> bool:
    """Whether `isolate` works here, tried by a child: half of it would leave us with no user of ours."""
    child = os.fork()
    if child == 0:
        try:
            isolate()
        except OSError as error:
            print(f"isolated: not possible here ({error.strerror}); running as it is", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


if __name__ == "__main__":
    if _possible():
        isolate()
    os.execvp(sys.argv[1], sys.argv[1:])

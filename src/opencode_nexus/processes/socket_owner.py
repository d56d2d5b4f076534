# SPDX-License-Identifier: MIT
"""Which user of this machine holds the other end of a connection."""

import sys
from ipaddress import ip_address
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

End = tuple[str, int]


def told(platform: str = sys.platform) -> bool:
    """Tell whether this system says whose a connection is: Linux does, in /proc/net/tcp."""
    return platform == "linux" and _TABLES[0].exists()


def owner(theirs: End, ours: End, tables: tuple[Path, ...] = _TABLES) -> int | None:
    """Return the user id that holds the end `theirs` of the connection to `ours`, both (address, port).

    None when no process of this machine (and of this network namespace) holds it. Reads some 150 bytes a connection
    of the machine: use a thread. Source: proc(5), and the kernel's Documentation/networking/proc_net_tcp.
    """
    wanted = (_words(theirs), _words(ours))
    for table in tables:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if (_end(fields[1]), _end(fields[2])) == wanted:
                return int(fields[7])
    return None


def _words(end: End) -> tuple[bytes, int]:
    found = ip_address(end[0].partition("%")[0])
    mapped = found.ipv4_mapped if found.version == 6 else None
    return (mapped or found).packed, end[1]


def _end(text: str) -> tuple[bytes, int]:
    """Return address and port of a column such as `0100007F:1F90`: 32-bit words in the machine's own byte order."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    if len(raw) == 16 and raw.startswith(b"\0" * 10 + b"\xff\xff"):
        raw = raw[12:]
    return raw, int(port, 16)

# SPDX-License-Identifier: MIT
"""A real program of 200 bytes that prints one line, whatever it is asked: a stand-in for the 185 MB of
OpenCode.

Machine code for Linux on x64 and arm64; tests of other systems use the real OpenCode.
"""

import platform
import struct


def available() -> bool:
    """True where such a program runs."""
    return platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64")


def program(line: str = "1.18.33\n") -> bytes:
    """An ELF executable that writes `line` (under 100 characters) to stdout and ends with 0."""
    data = line.encode()
    if platform.machine() == "x86_64":
        machine = 62
        code = (
            b"\xb8\x01\0\0\0\xbf\x01\0\0\0"  # mov eax, 1 (write); mov edi, 1
            + b"\x48\x8d\x35"
            + struct.pack("<i", 16)  # lea rsi, [rip + 16]
            + b"\xba"
            + struct.pack("<I", len(data))  # mov edx, length
            + b"\x0f\x05\xb8\x3c\0\0\0\x31\xff\x0f\x05"  # syscall; mov eax, 60 (exit); xor edi, edi; syscall
        )
    else:
        machine = 183
        words = (
            # write(1, data, length)
            0xD2800808, 0xD2800020, 0x100000C1, 0xD2800002 | len(data) << 5, 0xD4000001,
            0xD2800BA8, 0xD2800000, 0xD4000001,  # exit(0)
        )  # fmt: skip
        code = struct.pack("<8I", *words)
    start, base = 64 + 56, 0x400000
    size = start + len(code) + len(data)
    header = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return header + segment + code + data

# SPDX-License-Identifier: MIT
"""All log files as one .zip, made while it is read, without secrets. Nothing is sent: a person looks and decides.

A .zip opens with what every system has; and an archive that must name each size first (.tar) could not be made on the
way, as what is taken out changes them.
"""

import io
import platform
import re
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from opencode_nexus import __version__
from opencode_nexus.observe.log_files import LogFile, LogFiles
from opencode_nexus.secrets.redact import DOTS, redact

CHUNK = 1 << 18  # bytes of whole lines that are cleaned together
_END_OF_KEY = re.compile(r"\A(?:[A-Za-z0-9+/=]+\r?\n)*-----END [A-Z ]*PRIVATE KEY-----")  # it began in the piece before
LONG_LINE = 1 << 20  # bytes; a longer one is cleaned in pieces

ABOUT = """Logs of OpenCode Nexus {version}, made {at} UTC.
Python {python} on {system}.

Secrets that the hub knows, and what looks like one, are replaced by dots. Read the files before you pass them on:
paths, host names, names of projects and what agents' tools printed are in them as they are.
"""


class _Drain(io.RawIOBase):
    """Takes what the archive writes, and gives it away piece by piece; it cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        data = bytes(piece)  # type: ignore[call-overload] # any buffer
        self._pieces.append(data)
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def bundle(files: LogFiles, more: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """Yield the archive. `more` is further texts by file name, cleaned as well. Each step blocks for some 10 ms."""
    out = _Drain()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, text in {"about.txt": about(), **(more or {})}.items():
            archive.writestr(name, redact(text))
        for file in files.all():
            yield from _one(archive, out, file)
    yield out.take()


def about() -> str:
    """Return what stands first in each archive."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    return ABOUT.format(version=__version__, at=at, python=sys.version.split()[0], system=system)


def _one(archive: zipfile.ZipFile, out: _Drain, file: LogFile) -> Iterator[bytes]:
    try:
        source = file.path.open("rb")
    except OSError:  # it went meanwhile
        return
    info = zipfile.ZipInfo(f"logs/{file.name}", time.gmtime(max(file.changed, 315_532_800))[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    with source, archive.open(info, "w", force_zip64=True) as target:
        left = file.size  # what is written meanwhile would never end
        for piece in _lines(source, left):
            target.write(clean(piece))
            if data := out.take():
                yield data


def _lines(source: BinaryIO, left: int) -> Iterator[bytes]:
    """Yield whole lines in pieces of about CHUNK bytes, up to `left` bytes."""
    while left > 0:
        piece = source.read(min(CHUNK, left))
        if not piece:
            return
        left -= len(piece)
        if not piece.endswith(b"\n"):
            rest = source.readline(LONG_LINE)
            left -= len(rest)
            piece += rest
        yield piece


def clean(piece: bytes) -> bytes:
    """Return whole lines without secrets."""
    text = piece.decode("utf-8", "replace")
    if "PRIVATE KEY-----" in text:  # the one secret of several lines
        text = redact(_END_OF_KEY.sub(DOTS, text))
    return "\n".join(map(redact, text.split("\n"))).encode()

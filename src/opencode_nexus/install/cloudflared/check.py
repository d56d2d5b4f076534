# SPDX-License-Identifier: MIT
"""Says whether a program is a cloudflared that tunnels can use, and which one: version and sum."""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from opencode_nexus.install.asking import TIME_OUT, ask, located
from opencode_nexus.install.errors import (
    CloudflaredChanged,
    CloudflaredNotFound,
    CloudflaredNotSupported,
    CloudflaredNotWorking,
)
from opencode_nexus.install.find import is_program

# The first with --token-file, so that no tunnel's token has to stand in argv; more than a year old, which is as long as
# Cloudflare supports one.
LOWEST = (2025, 4, 0)

# What it prints at --version. At a flag that it does not know it prints its help and ends with 0, so the code proves
# nothing.
_VERSION = re.compile(r"^cloudflared version (\d+)\.(\d+)\.(\d+)\S*(?: \(built .*\))?$", re.MULTILINE)


class Cloudflared(NamedTuple):
    """A cloudflared that works: `path` is what is run, `sha256` of its bytes in hex.

    `sha256` is empty for a script in its place: what that starts is not known, so there is nothing to compare.
    """

    path: Path
    version: tuple[int, int, int]
    sha256: str


def text_of(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


def parse(said: str) -> tuple[int, int, int] | None:
    """Return the version that `cloudflared --version` printed, or None."""
    match = _VERSION.search(said.replace("\r", ""))
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def sum_of(program: Path) -> str:
    """Return the sha256 of a file in hex; reads it all (40 MB: 0.1 s here)."""
    with program.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check(
    given: Path,
    *,
    environ: Mapping[str, str],
    known: Mapping[str, tuple[int, int, int]],
    verified: str | None = None,
    time_out: float = TIME_OUT,
) -> Cloudflared:
    """Return what the program at `given` is; blocks up to `time_out` seconds, so call it in a thread.

    `known` gives the version of a sum that was seen working here before: those bytes are not run again. With `verified`
    its sum must be that one, else it is not run. Raises CloudflaredNotFound, CloudflaredNotWorking (with its own
    output), CloudflaredNotSupported or CloudflaredChanged.
    """
    given = located(given, CloudflaredNotFound)
    program = given.resolve()
    if not os.access(program, os.X_OK):
        raise CloudflaredNotWorking(f"{given} is not an executable file.", output="", path=str(given))
    try:
        digest = sum_of(program) if verified is not None or is_program(program) else ""
    except OSError as error:
        told = f"{program} cannot be read: {error.strerror or error}."
        raise CloudflaredNotWorking(told, output="", path=str(given)) from error
    if verified is not None and not hmac.compare_digest(digest, verified):
        before = f"verified was {verified[:16]}…" if verified else "and with which it was verified is not known"
        raise CloudflaredChanged(f"{program}: its sha256 is {digest[:16]}…, {before}.", path=str(given))
    version = known.get(digest)
    if version is None:
        said = ask(program, given, time_out, environ, CloudflaredNotWorking)
        version = parse(said)
        if version is None:
            told = f"{program} did not print a version as cloudflared does."
            raise CloudflaredNotWorking(told, output=said, path=str(given))
    if version < LOWEST:
        told = f"{given} is version {text_of(version)}; needed is {text_of(LOWEST)} or newer."
        raise CloudflaredNotSupported(told, path=str(given), version=text_of(version))
    return Cloudflared(program, version, digest)

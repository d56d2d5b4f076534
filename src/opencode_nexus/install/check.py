# SPDX-License-Identifier: MIT
"""Runs a program with `--version` and says whether it is an OpenCode that this hub was tested with."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opencode_nexus.install.asking import TIME_OUT, ask, located
from opencode_nexus.install.errors import OpenCodeNotFound, OpenCodeNotSupported, OpenCodeNotWorking
from opencode_nexus.install.find import is_program, resolve

TESTED = (1, 18, 33)  # the version that the contract tests run, and the one that is brought
# Its patch releases keep the routes and event shapes that `opencode.fold` reads; a new minor version has
# changed them before (1.17 to 1.18), so it is let in by running the contract tests on it, not by hope.
LOWEST, BELOW = (1, 18, 0), (1, 19, 0)
RANGE_TEXT = "1.18.0 or newer, below 1.19"

_VERSION = re.compile(r"(?:opencode(?: version)? v?)?(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """A program that works: `program` is what is run, `given` the path it was found under."""

    program: Path
    given: Path
    version: str


def parse(output: str) -> tuple[int, int, int] | None:
    """Return the version that `opencode --version` printed (its last line that is not empty), or None."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if not lines or (match := _VERSION.fullmatch(lines[-1])) is None:
        return None
    return int(match[1]), int(match[2]), int(match[3])


def is_supported(version: tuple[int, int, int]) -> bool:
    return LOWEST <= version < BELOW


def remark(version: str) -> str:
    """Say what is wrong with the version that a server tells, "" when this hub was tested with it."""
    found = parse(version)
    if found is not None and is_supported(found):
        return ""
    named = f"Its OpenCode is version {version}" if found else "It does not tell which version of OpenCode it is"
    return f"{named}; OpenCode Nexus was tested with {RANGE_TEXT}. Some things may not work."


def check(given: Path, *, time_out: float = TIME_OUT, environ: Mapping[str, str] | None = None) -> Checked:
    """Run the program behind `given` and return it; blocks up to `time_out` seconds, so call it in a thread.

    Raises OpenCodeNotFound (nothing there), OpenCodeNotWorking (with its own output) or OpenCodeNotSupported.
    """
    environ = os.environ if environ is None else environ
    given = located(given, OpenCodeNotFound)
    program = resolve(given)
    if program is None and not os.access(given, os.X_OK):
        raise OpenCodeNotWorking(f"{given} is not an executable file.", output="", path=str(given))
    # a launcher without its program is run too: what it says tells what is wrong
    said = ask(program or given, given, time_out, environ, OpenCodeNotWorking)
    data: dict[str, Any] = {"output": said, "path": str(given)}
    version = parse(said)
    if version is None:
        raise OpenCodeNotWorking(f"{program or given} did not print a version as OpenCode does.", **data)
    text = ".".join(map(str, version))
    if not is_supported(version):
        raise OpenCodeNotSupported(f"{given} is version {text}; needed is {RANGE_TEXT}.", **data, version=text)
    if program is None or not is_program(program):
        raise OpenCodeNotWorking(
            f"{given} is a launcher script, and the program that it starts was not found.",
            hint="Give the path of the OpenCode program itself, or let the set-up bring a copy.",
            **data,
        )
    return Checked(program, given, text)

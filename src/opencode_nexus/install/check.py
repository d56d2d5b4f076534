# SPDX-License-Identifier: MIT
"""Runs a program with `--version` and says whether it is an OpenCode that this hub was tested with."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opencode_nexus.install.errors import OpenCodeNotFound, OpenCodeNotSupported, OpenCodeNotWorking
from opencode_nexus.install.find import is_program, resolve

TESTED = (1, 18, 33)  # the version that the contract tests run, and the one that is brought
# Its patch releases keep the routes and event shapes that `opencode.fold` reads; a new minor version has
# changed them before (1.17 to 1.18), so it is let in by running the contract tests on it, not by hope.
LOWEST, BELOW = (1, 18, 0), (1, 19, 0)
RANGE_TEXT = "1.18.0 or newer, below 1.19"

TIME_OUT = 30.0  # seconds; 1.2 to 1.9 s were measured on 2 busy cores, a cold slow disk has to read 185 MB
_SAID = 2_000  # characters of the program's own output that an error carries
_VERSION = re.compile(r"(?:opencode(?: version)? v?)?(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]+)?", re.IGNORECASE)
# what a program needs to start at all on the three systems; all else of ours stays away from it
_KEPT = (
    "PATH",
    "SYSTEMROOT",
    "SystemRoot",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
)


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


def _environment(folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with `folder` as all that is writable: `--version` makes six folders."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP", "XDG_CONFIG_HOME",
              "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")  # fmt: skip
    return {**kept, **dict.fromkeys(places, folder), "NO_COLOR": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}


def _run(program: Path, time_out: float, environ: Mapping[str, str]) -> tuple[int, str]:
    """Run `program --version` and return its exit code and both outputs; raises OpenCodeNotWorking."""
    with tempfile.TemporaryDirectory(prefix="nexus-check-", ignore_cleanup_errors=True) as folder:
        try:
            done = subprocess.run(
                [str(program), "--version"],
                cwd=folder,
                env=_environment(folder, environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=time_out,
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"").decode(errors="replace")
            raise OpenCodeNotWorking(
                f"{program} did not answer --version within {time_out:.0f} s.", output=said[-_SAID:]
            ) from error
        except OSError as error:
            raise OpenCodeNotWorking(f"{program} cannot be run: {error.strerror or error}.", output="") from error
    return done.returncode, done.stdout.decode(errors="replace")


def check(given: Path, *, time_out: float = TIME_OUT, environ: Mapping[str, str] | None = None) -> Checked:
    """Run the program behind `given` and return it; blocks up to `time_out` seconds, so call it in a thread.

    Raises OpenCodeNotFound (nothing there), OpenCodeNotWorking (with its own output) or OpenCodeNotSupported.
    """
    environ = os.environ if environ is None else environ
    given = Path(os.path.expanduser(given)).absolute()
    try:
        folder, there = given.is_dir(), given.exists()
    except OSError as error:  # a name that is too long, a folder on the way that may not be entered
        raise OpenCodeNotFound(f"{given}: {error.strerror or error}.", path=str(given)) from error
    if folder:
        raise OpenCodeNotFound(f"{given} is a folder.", hint="Give the path of the program inside it.", path=str(given))
    if not there:
        raise OpenCodeNotFound(f"There is no file at {given}.", path=str(given))
    program = resolve(given)
    if program is None and not os.access(given, os.X_OK):
        raise OpenCodeNotWorking(f"{given} is not an executable file.", output="", path=str(given))
    # a launcher without its program is run too: what it says tells what is wrong
    code, said = _run(program or given, time_out, environ)
    said = said.strip()[-_SAID:]
    data: dict[str, Any] = {"output": said, "path": str(given)}
    if code != 0:
        how = f"was ended by signal {-code}" if code < 0 and sys.platform != "win32" else f"ended with code {code}"
        raise OpenCodeNotWorking(f"{program or given} {how}.", **data)
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

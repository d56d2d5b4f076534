# SPDX-License-Identifier: MIT
"""Runs a program once with `--version`, shut off from all that is ours, for what it says of itself."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.install.errors import InstallError

TIME_OUT = 30.0  # seconds; 1.2 to 1.9 s were measured on 2 busy cores, a cold slow disk has to read 185 MB
_SAID = 2_000  # characters of the program's own output that an error carries
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


def located(given: Path, missing: type[InstallError]) -> Path:
    """Return `given` as an absolute path of a file; raises `missing` when there is none."""
    given = Path(os.path.expanduser(given)).absolute()
    try:
        folder, there = given.is_dir(), given.exists()
    except OSError as error:  # a name that is too long, a folder on the way that may not be entered
        raise missing(f"{given}: {error.strerror or error}.", path=str(given)) from error
    if folder:
        raise missing(f"{given} is a folder.", hint="Give the path of the program inside it.", path=str(given))
    if not there:
        raise missing(f"There is no file at {given}.", path=str(given))
    return given


def _environment(folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with `folder` as all that is writable: OpenCode's `--version` makes six folders."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP", "XDG_CONFIG_HOME",
              "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")  # fmt: skip
    return {**kept, **dict.fromkeys(places, folder), "NO_COLOR": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}


def ask(program: Path, given: Path, time_out: float, environ: Mapping[str, str], broken: type[InstallError]) -> str:
    """Run `program --version` and return what it prints on both streams; raises `broken`, with `given` as path."""
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
            said = (error.stdout or b"").decode(errors="replace")[-_SAID:]
            detail = f"{program} did not answer --version within {time_out:.0f} s."
            raise broken(detail, output=said, path=str(given)) from error
        except OSError as error:
            detail = f"{program} cannot be run: {error.strerror or error}."
            raise broken(detail, output="", path=str(given)) from error
    said = done.stdout.decode(errors="replace").strip()[-_SAID:]
    if (code := done.returncode) != 0:
        how = f"was ended by signal {-code}" if code < 0 and sys.platform != "win32" else f"ended with code {code}"
        raise broken(f"{program} {how}.", output=said, path=str(given))
    return said

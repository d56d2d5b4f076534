# SPDX-License-Identifier: MIT
"""Where cloudflared may be on this machine."""

import sys
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.install import find
from opencode_nexus.install.cloudflared.builds import PROGRAM

# Beside PATH and the usual places: where its own installer and two package managers of Windows put the program itself.
_VARIABLES = (
    ("ProgramFiles", "cloudflared"), ("ProgramFiles(x86)", "cloudflared"),
    ("ProgramData", "chocolatey/lib/cloudflared/tools"), ("USERPROFILE", "scoop/apps/cloudflared/current"),
)  # fmt: skip


def _is_shim(folder: Path) -> bool:
    """True for folders of starters that look like programs: what they start is another file, with another sum."""
    return folder.name.lower() == "shims" or [part.lower() for part in folder.parts[-2:]] == ["chocolatey", "bin"]


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """Return the programs called cloudflared in the usual places, best first, each once. Runs nothing.

    Scripts are passed over: npm's would download a program by itself, unverified.
    """
    folders = [Path(value, inner) for name, inner in _VARIABLES if (value := environ.get(name))]
    folders = [*folders, *find.places(environ)] if sys.platform == "win32" else find.places(environ)
    found: dict[Path, None] = {}
    for folder in folders:
        try:
            real = (folder / PROGRAM).resolve(strict=True)
        except (OSError, RuntimeError):  # not there, not ours to read, a circle of links
            continue
        # a version manager's link leads to the manager's own program, under another name
        if not _is_shim(folder) and "cloudflared" in real.name.lower() and find.is_program(real):
            found[real] = None
    return list(found)

# SPDX-License-Identifier: MIT
"""Finds ripgrep, without which OpenCode's search tools try to download it (measured on OpenCode 1.18.33)."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "rg.exe" if sys.platform == "win32" else "rg"


def find(environ: Mapping[str, str]) -> Path | None:
    """Return ripgrep from PATH, else the one that was installed with this package, else None."""
    if (found := shutil.which("rg", path=environ.get("PATH", ""))) is not None:
        return Path(found)
    # the Python package `ripgrep` puts the program beside the interpreter of this environment
    own = Path(sys.executable).parent / NAME
    return own if os.access(own, os.X_OK) and own.is_file() else None

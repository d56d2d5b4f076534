# SPDX-License-Identifier: MIT
"""What an OpenCode process finds in its environment."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

MARK = "OPENCODE_NEXUS_MARK"
PASSWORD = "OPENCODE_SERVER_PASSWORD"
USERNAME = "opencode"

# Without these it asks for its model catalogue, for updates, for language servers and for a sharing site
# (facts measured on OpenCode 1.18.33); whoever sets one keeps their own value.
_QUIET = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_SHARE": "1",
}

# With a plugin (ours) OpenCode waits for the npm packages of a project's own `.opencode` folder before it opens the
# project. Without a network that took 70 s with npm's own pauses between its tries, and 3 s with these.
_NPM = {
    "npm_config_fetch_retry_mintimeout": "300",
    "npm_config_fetch_retry_maxtimeout": "1500",
    "npm_config_fetch_timeout": "30000",
}

# Ours to decide, or left behind by an OpenCode that this hub was started from.
# OPENCODE_PURE would keep our shield out, and with it the password in.
_OWNED = frozenset({PASSWORD, "OPENCODE_SERVER_USERNAME", "OPENCODE_PURE", "OPENCODE_PID", "OPENCODE"})


def is_ours(name: str) -> bool:
    """Tell whether a variable is the hub's to set, so that a server cannot have one of its own by that name.

    XDG_CONFIG_HOME is among them: it leads to the folder that holds the shield.
    """
    upper = name.upper()  # Windows knows no case in names
    return upper in _OWNED or upper == "XDG_CONFIG_HOME" or upper.startswith("OPENCODE_NEXUS_")


def child_environment(
    environ: Mapping[str, str],
    *,
    config_home: Path,
    tools: Path,
    password: str,
    mark: str,
    own: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of a server: the user's own, made quiet, with its password and its mark.

    `own` are the variables of that one server; they win over the user's. `config_home` becomes
    XDG_CONFIG_HOME; the data folder stays the user's, with their keys and sessions. `tools` is added at the end of
    PATH.
    """
    environ = {**environ, **(own or {})}
    before = {"XDG_CONFIG_HOME": environ.get("XDG_CONFIG_HOME")}
    child = {
        name: value for name, value in environ.items() if name not in _OWNED and not name.startswith("OPENCODE_NEXUS_")
    }
    for name, value in _QUIET.items():
        child.setdefault(name, value)
    given = {name.lower() for name in environ}
    for name, value in _NPM.items():
        if name not in given:
            child[name] = value
            before[name] = None
    child["PATH"] = os.pathsep.join([environ.get("PATH") or os.defpath, str(tools)])
    child["XDG_CONFIG_HOME"] = str(config_home)
    child["OPENCODE_NEXUS_RESTORE"] = json.dumps(before)
    child[PASSWORD] = password
    child[MARK] = mark
    return child


def user_config(environ: Mapping[str, str]) -> Path:
    """Return the folder in which the user's own OpenCode keeps its configuration; it may not exist."""
    named = environ.get("XDG_CONFIG_HOME") or ""
    base = Path(named) if named else Path(environ.get("HOME") or Path.home()) / ".config"
    return base / "opencode"


def provide_ripgrep(environ: Mapping[str, str], tools: Path) -> Path | None:
    """See to it that `rg` is found on PATH or in `tools`; returns where it is, None when there is none.

    Without it OpenCode would fetch one from a release page (measured on 1.18.33). Only a link to that one program
    stands in `tools`: the folder it comes from holds our own Python, which no agent should meet on its PATH.
    """
    name = "rg.exe" if sys.platform == "win32" else "rg"
    if (found := shutil.which("rg", path=environ.get("PATH") or os.defpath)) is not None:
        return Path(found)
    ours, link = _bundled(name), tools / name
    if ours is None:
        return None
    tools.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not link.exists() or (link.is_symlink() and link.readlink() != ours):
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(ours)
        except OSError:  # Windows without the right to make links
            shutil.copy2(ours, link)
    return link


def _bundled(name: str) -> Path | None:
    """Return the program that the Python package `ripgrep` brought: beside our Python, or where pip put it."""
    if os.access(beside := Path(sys.executable).parent / name, os.X_OK):
        return beside
    try:
        files = distribution("ripgrep").files or []
    except PackageNotFoundError:
        return None
    found = (Path(os.path.abspath(str(file.locate()))) for file in files if file.name == name)
    return next((path for path in found if os.access(path, os.X_OK)), None)

# SPDX-License-Identifier: MIT
"""The configuration folder that servers are given: the user's own, with ours laid under it and nothing to install.

OpenCode reads `config.json`, `opencode.json` and `opencode.jsonc`, the later ones winning, and at the first use of
a folder installs a package of 63 MB beside them. It does not when `node_modules` is there and the lock file names
the package (measured on 1.18.33). So servers get a folder of their own: the user's entries as links, `config.json`
made from the user's and ours, and a lock file.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

SHIELD = "nexus-shield.js"
_PACKAGE = "@opencode-ai/plugin"
_SCHEMA = "https://opencode.ai/config.json"
_KEPT = "nexus-kept.json"
_OWN = frozenset({
    "config.json", "config", "node_modules", "package.json", "package-lock.json", "bun.lock", "bun.lockb", "yarn.lock",
    "pnpm-lock.yaml", ".gitignore", "plugin", _KEPT,
})  # fmt: skip
_MAIN = ("opencode.jsonc", "opencode.json")


def prepare(folder: Path, user: Path, ours: Mapping[str, Any]) -> None:
    """Make `folder` (an `opencode` configuration folder) ready; raises OSError when it cannot be written.

    `user` is the user's own such folder, which is never changed; `ours` is what we add. Blocks: use a thread.
    """
    (folder / "plugin").mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "node_modules").mkdir(exist_ok=True)
    wanted = {"dependencies": {_PACKAGE: "*"}}
    write(folder / "package.json", wanted)
    write(folder / "package-lock.json", {"name": "opencode", "lockfileVersion": 3, "packages": {"": wanted}})
    theirs = {entry.name: entry for entry in user.iterdir() if entry.name not in _OWN} if user.is_dir() else {}
    plugins = {entry.name: entry for entry in (user / "plugin").iterdir()} if (user / "plugin").is_dir() else {}
    plugins.pop(SHIELD, None)
    _make_room(folder, theirs)
    _link_all(folder, theirs, _OWN)
    _link_all(folder / "plugin", plugins, frozenset({SHIELD}))
    _replace(folder / "plugin" / SHIELD, files(__package__).joinpath("shield.js").read_bytes())
    if not any(name in theirs for name in _MAIN) and not (folder / "opencode.json").exists():
        # what OpenCode itself is asked to keep goes into the first of its files that is there: not into config.json,
        # which we write anew at each start
        write(folder / "opencode.json", {"$schema": _SCHEMA})
    write(folder / "config.json", merge(merge(read(user / "config.json"), read(folder / _KEPT)), ours))


def _make_room(folder: Path, theirs: Mapping[str, Path]) -> None:
    """Keep what OpenCode wrote into a file of ours whose name the user has taken since."""
    for name in _MAIN:
        own = folder / name
        if name in theirs and own.is_file() and not own.is_symlink():
            kept = merge(read(folder / _KEPT), read(own))
            kept.pop("$schema", None)
            write(folder / _KEPT, kept)
            own.unlink()


def _link_all(folder: Path, wanted: Mapping[str, Path], spared: frozenset[str]) -> None:
    """Let `folder` hold a link for each of `wanted`, and none that is no longer wanted; other files stay."""
    for entry in folder.iterdir():
        if entry.name not in spared and entry.is_symlink() and wanted.get(entry.name) != entry.readlink():
            entry.unlink()
    for name, target in wanted.items():
        link = folder / name
        if link.is_symlink() or (link.exists() and os.name != "nt"):
            continue
        try:
            link.symlink_to(target, target_is_directory=target.is_dir())
        except OSError:  # Windows without the right to make links
            if target.is_dir():
                shutil.copytree(target, link, dirs_exist_ok=True)
            else:
                shutil.copy2(target, link)


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> JSON:
    """Return both laid together; where both have a value that is not an object, `over` wins."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def read(path: Path) -> JSON:
    """Return the object in a JSON file, comments allowed; {} when there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads(strip_comments(path.read_text("utf-8")))
        if isinstance(value, dict):
            return value
    return {}


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file for the owner's eyes in one step, unless it says the same already."""
    text = (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
    if not path.is_file() or path.is_symlink() or path.read_bytes() != text:
        _replace(path, text)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def strip_comments(text: str) -> str:
    """Return JSON with comments and trailing commas as plain JSON; strings are left as they are."""
    out: list[str] = []
    place = 0
    while place < len(text):
        two = text[place : place + 2]
        if text[place] == '"':
            end = place + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            out.append(text[place : end + 1])
            place = end + 1
        elif two == "//":
            place = (text.find("\n", place) + 1 or len(text) + 1) - 1
        elif two == "/*":
            place = (text.find("*/", place) + 2) if "*/" in text[place:] else len(text)
        else:
            if text[place] in "]}":
                while out and (out[-1].isspace() or out[-1] == ","):
                    if out.pop() == ",":
                        break
            out.append(text[place])
            place += 1
    return "".join(out)

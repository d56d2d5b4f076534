# SPDX-License-Identifier: MIT
"""The documentation that comes with the program: the Markdown files of docs, read when somebody asks, and not kept."""

import re
from dataclasses import dataclass
from pathlib import Path

import opencode_nexus
from opencode_nexus.core.errors import NotFound

SHELVES = {"tutorial": "Learn", "howto": "How to …", "reference": "Look up", "explanation": "Understand"}
FOLDERS = (*SHELVES, "decisions")
_NAME = re.compile(r"[a-z0-9-]{1,80}")
_PICTURE = re.compile(r"[a-z0-9-]{1,80}\.webp")


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: `path` is its address below /help."""

    path: str
    title: str


def folder() -> Path:
    """Return where the files are: inside the package as a wheel brings them, or beside it in a clone."""
    package = Path(opencode_nexus.__file__).parent
    inside = package / "docs"
    return inside if inside.is_dir() else package.parents[1] / "docs"


def listing() -> list[tuple[str, list[Entry]]]:
    """Return the pages by shelf, each shelf by title. Reads the first line of each file: 2 ms."""
    found = []
    for name, words in SHELVES.items():
        entries = []
        for file in folder().joinpath(name).glob("*.md"):
            if file.stem != "index":
                with file.open(encoding="utf-8") as opened:
                    entries.append(Entry(f"{name}/{file.stem}", opened.readline().lstrip("# ").rstrip()))
        if entries:
            found.append((words, sorted(entries, key=lambda entry: entry.title.casefold())))
    return found


def text(group: str, name: str) -> str:
    """Return the Markdown of a page; raises NotFound."""
    file = folder() / group / f"{name}.md"
    if group not in FOLDERS or not _NAME.fullmatch(name) or not file.is_file():
        raise NotFound("There is no such page in the documentation.")
    return file.read_text(encoding="utf-8")


def picture(name: str) -> bytes:
    """Return a picture of the documentation, a WebP; raises NotFound."""
    file = folder() / "images" / name
    if not _PICTURE.fullmatch(name) or not file.is_file():
        raise NotFound("There is no such picture in the documentation.")
    return file.read_bytes()


def address(file: str) -> str | None:
    """Return where the app has a file of docs, below /help and with a leading slash; None: nowhere."""
    if file == "index.md":
        return ""
    group, _, name = file.partition("/")
    if group == "images" and _PICTURE.fullmatch(name):
        return f"/images/{name}"
    if group in FOLDERS and name.endswith(".md") and _NAME.fullmatch(name[:-3]):
        return f"/{group}/{name[:-3]}"
    return None

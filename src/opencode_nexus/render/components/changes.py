# SPDX-License-Identifier: MIT
"""What turns changed in the files: a line below each, and the whole, file by file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Message
from opencode_nexus.render import diff
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.render.components.words import count, one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.unseen import shown

FOLDED = 300  # lines of a file's change from which on it is folded
MOST = 2000  # lines of one change that are shown

_WORDS = {"added": "new", "deleted": "deleted", "renamed": "renamed"}


@dataclass(slots=True)
class Changed:
    """One file: its patches in the order in which they were made, each with the message that it answers."""

    name: str
    status: str = ""
    added: int = 0
    removed: int = 0
    patches: list[tuple[Message, str]] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """What it is linked to by, on its page."""
        return "f" + sha256(self.name.encode(errors="replace")).hexdigest()[:10]

    @property
    def lines(self) -> int:
        return sum(patch.count("\n") for _, patch in self.patches)


def diffs_of(message: Message) -> list[dict[str, Any]]:
    """Return what the answers to a user's message changed, as OpenCode tells it with that message."""
    told = message.info.get("summary")
    found = told.get("diffs") if isinstance(told, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def changed_by(asked: Message, links: Links) -> Markup:
    """Return the line below a turn that changed files, with the way to what it changed; empty without a change."""
    found = diffs_of(asked)
    if not found:
        return Markup("")
    files = "1 file changed" if len(found) == 1 else f"{count(len(found))} files changed"
    added = sum(_number(item.get("additions")) for item in found)
    removed = sum(_number(item.get("deletions")) for item in found)
    return Markup('<p class="small"><a class="changed" href="{}" data-nav>{}{} {}</a></p>').format(
        links.changes_of(asked.id, created_ms(asked)), icon("pen"), files, diff.sum_line(added, removed)
    )


def by_file(turns: Iterable[tuple[Message, list[dict[str, Any]]]], directory: str = "") -> list[Changed]:
    """Return what changed file by file, each in the order of the turns (the message asked with, its diffs)."""
    files: dict[str, Changed] = {}
    for message, found in turns:
        for item in found:
            name = str(item.get("file") or "").removeprefix(directory.rstrip("/") + "/")
            file = files.setdefault(name, Changed(name))
            patch = str(item.get("patch") or "")
            first, status = not file.patches, str(item.get("status") or "")
            file.status = status if first or status == "deleted" else "added" if file.status == "added" else "modified"
            added, removed = (item.get("additions"), item.get("deletions")) if status else (None, None)
            if added is None or removed is None:
                added, removed = diff.counts(patch)
            file.added += _number(added)
            file.removed += _number(removed)
            file.patches.append((message, patch))
    return sorted(files.values(), key=lambda file: file.name)


def total(files: list[Changed]) -> Markup:
    """Return how much changed in all."""
    words = "1 file" if len(files) == 1 else f"{count(len(files))} files"
    return Markup("{} {}").format(
        words, diff.sum_line(sum(file.added for file in files), sum(file.removed for file in files))
    )


def change(file: Changed, links: Links, *, two: bool) -> Markup:
    """Return a file's change, to be folded: its name and counts, then each patch, in two columns if wished."""
    made = []
    for number, (message, patch) in enumerate(file.patches):
        if len(file.patches) > 1:
            where = links.message(message.id, created_ms(message))
            made.append(Markup('<p class="small"><a href="{}">Change {}</a></p>').format(where, number + 1))
        made.append(_patch(patch, two=two))
    return Markup(
        '<details class="file" id="{}"{}><summary>{}<h2 class="clip grow"><code>{}</code></h2>'
        '<span class="small muted">{}</span>{}</summary>{}</details>'
    ).format(
        file.anchor,
        Markup(" open") if file.lines <= FOLDED else "",
        icon("file"),
        shown(one_line(file.name, 300)),
        _WORDS.get(file.status, ""),
        diff.sum_line(file.added, file.removed),
        Markup("").join(made),
    )


def named(file: Changed, address: str) -> Markup:
    """Return a file whose change is on a page of its own, at `address`."""
    return Markup('<p class="file">{}<a class="grow" href="{}" data-nav><code>{}</code></a>{}</p>').format(
        icon("file"), address, shown(one_line(file.name, 300)), diff.sum_line(file.added, file.removed)
    )


def _patch(patch: str, *, two: bool) -> Markup:
    if not patch.strip():
        return Markup('<p class="muted small">Its content cannot be shown as lines.</p>')
    made, left_out = diff.columns(patch, MOST) if two else diff.view(patch, MOST)
    if left_out:
        made += Markup('<p class="hint">Only the first {} lines are shown.</p>').format(count(MOST))
    return made

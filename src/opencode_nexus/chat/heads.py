# SPDX-License-Identifier: MIT
"""What is known of a server's sessions without opening them: titles, and who is whose sub-agent."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from opencode_nexus.opencode.wire import child, seconds

KEPT = 2000  # sessions; some 300 bytes each
_FILE = re.compile(r"^diff --git .* b/(.*)$", re.MULTILINE)
DEPTH = 32  # sub-agents of sub-agents; ends a loop of parents that a broken store may hold


@dataclass(frozen=True, slots=True)
class Head:
    """A session in a list. Times are epoch seconds; `archived`: since when, None: not.

    `put_back`: the files that undoing its newest messages changed on the disk; None: nothing is undone.
    """

    id: str
    title: str
    directory: str
    parent_id: str | None
    created: float
    updated: float
    archived: float | None = None
    put_back: tuple[str, ...] | None = None


def head_of(info: dict[str, Any]) -> Head:
    """Read OpenCode's session object."""
    times = child(info, "time")
    return Head(
        id=str(info.get("id", "")),
        title=str(info.get("title") or ""),
        directory=str(info.get("directory") or ""),
        parent_id=info.get("parentID"),
        created=seconds(times.get("created")) or 0.0,
        updated=seconds(times.get("updated")) or 0.0,
        archived=seconds(times.get("archived")) or None,
        put_back=_put_back(info),
    )


def _put_back(info: dict[str, Any]) -> tuple[str, ...] | None:
    undone = child(info, "revert")
    if not undone.get("messageID"):
        return None
    return tuple(dict.fromkeys(_FILE.findall(str(undone.get("diff") or ""))))


class Heads:
    """The sessions heard of lately, the longest unheard forgotten first."""

    def __init__(self) -> None:
        self._heads: OrderedDict[str, Head] = OrderedDict()

    def learn(self, info: dict[str, Any]) -> tuple[Head | None, Head]:
        """Take over a session object; returns what was known before, and now."""
        head = head_of(info)
        before = self._heads.pop(head.id, None)
        self._heads[head.id] = head
        while len(self._heads) > KEPT:
            self._heads.popitem(last=False)
        return before, head

    def forget(self, session_id: str) -> None:
        """Forget a deleted session."""
        self._heads.pop(session_id, None)

    def get(self, session_id: str) -> Head | None:
        """What is known of a session, or None."""
        return self._heads.get(session_id)

    def children(self, session_id: str) -> list[Head]:
        """Its sub-agents' sessions, as far as they were heard of, oldest first."""
        found = [head for head in self._heads.values() if head.parent_id == session_id]
        return sorted(found, key=lambda head: (head.created, head.id))

    def chain(self, session_id: str) -> list[str]:
        """The session and its ancestors, as far as they are known, the root last."""
        chain = [session_id]
        while len(chain) < DEPTH and (head := self._heads.get(chain[-1])) and head.parent_id:
            chain.append(head.parent_id)
        return chain

    def unknown(self, session_id: str) -> str | None:
        """The first of the session and its ancestors that is not known; None when the root is known."""
        last = self.chain(session_id)[-1]
        return None if last in self._heads else last

# SPDX-License-Identifier: MIT
"""One row of the inbox: what waits or is over, and where it comes from."""

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from opencode_nexus.chat.by import By
from opencode_nexus.chat.heads import Heads
from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.store.inbox import InboxRow

Kind = Literal["permission", "question", "alert", "failed", "budget", "finished"]
KINDS: tuple[Kind, ...] = ("permission", "question", "alert", "failed", "budget", "finished")
WAITS = ("permission", "question")
CUT_SHORT = ("failed", "budget")  # turns that ended before they were done; "budget": stopped when that was used up
LONGEST = 20_000  # characters of one text of a request that are kept; OpenCode tells the whole again while it waits
_AGENT = re.compile(r"\(@(\S+) subagent\)\s*$")  # how OpenCode 1.18.33 ends the title of a sub-agent's session

# How a row ended, in words for people. Those with a name were done by somebody here.
HOW: dict[str, str] = {
    "once": "allowed once",
    "always": "always allowed",
    "reject": "rejected",
    "answered": "answered",
    "dismissed": "dismissed",
    "auto": "allowed by auto-accept",
    "rule": "allowed by a rule",
    "continued": "the chat went on",
    "elsewhere": "answered elsewhere",
    "ended": "its turn ended before it was answered",
    "away": "answered elsewhere, or its turn ended, while the hub was away",
    "died": "OpenCode stopped before you answered",
    "removed": "its server was removed",
    "deleted": "its chat was deleted",
    "over": "it is over",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What needs a person, or is to be seen by one.

    `root_id` is the chat that shows it, `title` that chat's title, `at` epoch seconds. `path` names who asks and on
    whose behalf, the chat last ("reviewer", "main"); empty when the chat itself does. `detail` says it in a few
    words, `request` holds all of it (None for a turn). `process` names the OpenCode that asked. An alert has no chat:
    its `title` is what is wrong, its ids may be empty.
    """

    id: str
    kind: Kind
    server_id: str
    session_id: str
    root_id: str
    title: str
    detail: str
    at: float
    request: Permission | Question | None = None
    directory: str = ""
    path: tuple[str, ...] = ()
    process: str = ""

    @property
    def waits(self) -> bool:
        """Whether an agent stands still until it is answered."""
        return self.kind in WAITS


@dataclass(frozen=True, slots=True)
class Ended:
    """A row that is no longer open: when, how (a key of `HOW`), what was said, and who did it."""

    row: Row
    at: float
    how: str
    said: str = ""
    by: By | None = None

    @property
    def words(self) -> str:
        """How it ended, as the end of a sentence."""
        return HOW.get(self.how, self.how)


def path_of(heads: Heads, session_id: str) -> tuple[str, ...]:
    """Who asks and on whose behalf: the agents' names as far as they are known, "main" for the chat itself."""
    chain = heads.chain(session_id)
    if len(chain) < 2:
        return ()
    return (*(_name(heads, one) for one in chain[:-1]), "main")


def _name(heads: Heads, session_id: str) -> str:
    head = heads.get(session_id)
    title = head.title if head else ""
    found = _AGENT.search(title)
    return found[1] if found else (title or "sub-agent")[:60]


def stored(row: Row, ended: Ended | None = None) -> InboxRow:
    """Return the row as the database keeps it."""
    by = (ended.by if ended else None) or By("")
    return InboxRow(
        id=row.id,
        kind=row.kind,
        server_id=row.server_id,
        session_id=row.session_id,
        root_id=row.root_id,
        directory=row.directory,
        title=row.title,
        path=json.dumps(row.path),
        detail=row.detail,
        at=row.at,
        process=row.process,
        request=json.dumps(_cut(asdict(row.request))) if row.request is not None else "",
        ended=ended.at if ended else None,
        how=ended.how if ended else "",
        said=ended.said if ended else "",
        by_name=by.name,
        by_device=by.device,
        by_source=by.source,
    )


def read(kept: InboxRow) -> Row:
    """Return a row of the database as it was."""
    kind: Kind = next(known for known in KINDS if known == kept.kind)
    return Row(
        id=kept.id,
        kind=kind,
        server_id=kept.server_id,
        session_id=kept.session_id,
        root_id=kept.root_id,
        title=kept.title,
        detail=kept.detail,
        at=kept.at,
        request=_request(kind, kept.request),
        directory=kept.directory,
        path=tuple(json.loads(kept.path)),
        process=kept.process,
    )


def read_ended(kept: InboxRow) -> Ended:
    """Return how a row of the database ended."""
    by = By(kept.by_name, kept.by_device, kept.by_source) if kept.by_name else None
    return Ended(read(kept), kept.ended or 0.0, kept.how, kept.said, by)


def renamed(row: Row, title: str) -> Row:
    """Return the row with its chat's present title."""
    return replace(row, title=title)


def _cut(value: Any) -> Any:
    """The same data with long texts cut: a diff may have megabytes."""
    if isinstance(value, str):
        return (
            value if len(value) <= LONGEST else value[:LONGEST] + "\n… (the rest is shown again when OpenCode tells it)"
        )
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value]
    return value


def _request(kind: Kind, text: str) -> Permission | Question | None:
    if not text:
        return None
    data = json.loads(text)
    if kind == "question":
        return Question(**{**data, "questions": tuple(data["questions"])})
    return Permission(**{**data, "patterns": tuple(data["patterns"]), "always": tuple(data["always"])})

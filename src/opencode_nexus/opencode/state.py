# SPDX-License-Identifier: MIT
"""What is known of one session: plain data that `fold` changes and pages read.

Times are seconds since the epoch. Dicts named `info` and `data` are as OpenCode sent them.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

StatusKind = Literal["idle", "busy", "retry"]
ChangeKind = Literal[
    "reset",  # anything may differ: render the whole window anew
    "message",  # a message was added, or its head (state, error, model) changed
    "message-removed",
    "part",  # a part was added or replaced
    "delta",  # a part's text grew at its end
    "part-removed",
    "status",
    "permission",  # the waiting permissions changed
    "question",  # the waiting questions changed
    "session",  # title, directory, revert point or deletion
    "todos",
    "error",  # the session's own error was set or cleared
    "untaken",  # what OpenCode did not take changed
    "older",  # `has_older` changed, or older messages were put before the first
]


@dataclass(slots=True)
class Status:
    """What the session does now. `retry`: the provider failed; `next` is when it is asked again."""

    kind: StatusKind = "idle"
    attempt: int = 0
    message: str = ""
    next: float | None = None


@dataclass(slots=True)
class Part:
    """One piece of a message.

    `text` is the text of text and reasoning parts, once and raw. `closed`: no more text will come.
    `interrupted`: OpenCode died while the part was open, the text is Nexus's own copy (for a tool: it
    never finished). `gaps`: offsets in `text` at which words may be missing, healed (emptied) when
    OpenCode sends the whole text. `data` holds everything else, for a tool its `state`. `cut`: the middle of a long
    text, in `text` or in `data`, is not kept here.
    """

    id: str
    message_id: str
    kind: str
    text: str = ""
    closed: bool = True
    interrupted: bool = False
    gaps: list[int] = field(default_factory=list)
    cut: bool = False
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """One turn. `role` is "user" or "assistant"; `completed` is None while it runs or was cut off."""

    id: str
    role: str
    created: float
    completed: float | None = None
    error: dict[str, Any] | None = None
    info: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether OpenCode died during this message."""
        return any(part.interrupted for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Permission:
    """The agent waits to be allowed something. `session_id` may be a child of the session shown.

    `permission` is the kind ("bash", "edit", "external_directory", ...), `patterns` what it wants now,
    `always` what an "always" would allow, `metadata` the details (for bash: `command`).
    """

    id: str
    session_id: str
    permission: str
    patterns: tuple[str, ...]
    always: tuple[str, ...]
    metadata: dict[str, Any]
    message_id: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The agent asks something. Each question is `{question, header, options, multiple?}`."""

    id: str
    session_id: str
    questions: tuple[dict[str, Any], ...]
    message_id: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Untaken:
    """A message that was sent and that OpenCode does not have. `id` is what its part would have had.

    `sure`: OpenCode was asked; else it stopped before it said so, and nobody can be asked now.
    """

    id: str
    text: str
    at: float
    model: str | None
    agent: str | None
    sure: bool


@dataclass(slots=True)
class SessionState:
    """One session's window: its newest messages, oldest first, and what it does and waits for.

    `permissions` and `questions` hold those of its child sessions too. `revert_from`: messages from this
    id on were undone by the user and are dropped at the next prompt; hide them. `error` is the session's
    last error as OpenCode gave it (`{name, data: {message}}`), cleared when a new turn starts.
    `interrupted`: its last turn was cut off by the death of OpenCode. `untaken`: what it did not take.
    """

    id: str
    title: str = ""
    directory: str = ""
    parent_id: str | None = None
    status: Status = field(default_factory=Status)
    messages: dict[str, Message] = field(default_factory=dict)
    has_older: bool = False
    permissions: dict[str, Permission] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    todos: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    revert_from: str | None = None
    deleted: bool = False
    interrupted: bool = False
    untaken: list[Untaken] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """What differs after an event, for whoever shows it."""

    kind: ChangeKind
    message_id: str = ""
    part_id: str = ""

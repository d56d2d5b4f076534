# SPDX-License-Identifier: MIT
"""The events that mean something here, as typed structs; all others become `Unknown` and survive.

The wire names and the fields were seen on OpenCode 1.18.33. Members that we do not name are ignored, so
that a newer server may add to them.
"""

from typing import Any, ClassVar

import msgspec

JSON = dict[str, Any]

_RENAME = {
    "session_id": "sessionID",
    "message_id": "messageID",
    "part_id": "partID",
    "request_id": "requestID",
}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every event has. `session_id` is "" for those of no session."""

    kinds: ClassVar[tuple[str, ...]] = ()

    session_id: str = msgspec.field(default="", name="sessionID")


class Connected(Event, frozen=True):
    """The first event of a stream. Nothing said before it is repeated."""

    kinds = ("server.connected",)


class Heartbeat(Event, frozen=True):
    """Comes every 10 s; missing from OpenCode's own schema."""

    kinds = ("server.heartbeat",)


class Disposed(Event, frozen=True):
    """A folder's instance was shut down; its running turns were aborted. "" means every folder."""

    kinds = ("server.instance.disposed", "global.disposed")

    directory: str = ""


class SessionCreated(Event, frozen=True):
    kinds = ("session.created",)

    info: JSON


class SessionUpdated(Event, frozen=True):
    kinds = ("session.updated",)

    info: JSON


class SessionDeleted(Event, frozen=True):
    kinds = ("session.deleted",)


class SessionStatus(Event, frozen=True):
    """`status` is {type: "idle"|"busy"} or {type: "retry", attempt, message, next (epoch ms)}."""

    kinds = ("session.status",)

    status: JSON


class SessionIdle(Event, frozen=True):
    """Comes twice after an abort or an error, and the last text comes after the first."""

    kinds = ("session.idle",)


class SessionError(Event, frozen=True):
    kinds = ("session.error",)

    error: JSON | None = None


class MessageUpdated(Event, frozen=True):
    kinds = ("message.updated",)

    info: JSON


class MessageRemoved(Event, frozen=True, rename=_RENAME):
    kinds = ("message.removed",)

    message_id: str


class PartUpdated(Event, frozen=True):
    """A full replacement of the part, never a piece of it."""

    kinds = ("message.part.updated",)

    part: JSON


class PartDelta(Event, frozen=True, rename=_RENAME):
    """A piece of an open part's text, to be appended. Reasoning too has the field "text"."""

    kinds = ("message.part.delta",)

    message_id: str
    part_id: str
    field: str
    delta: str


class PartRemoved(Event, frozen=True, rename=_RENAME):
    kinds = ("message.part.removed",)

    message_id: str
    part_id: str


class TodoUpdated(Event, frozen=True):
    kinds = ("todo.updated",)

    todos: list[JSON]


class PermissionAsked(Event, frozen=True):
    """May come before or after its tool's state becomes "running"."""

    kinds = ("permission.asked",)

    id: str
    permission: str
    patterns: list[str] = msgspec.field(default_factory=list)
    always: list[str] = msgspec.field(default_factory=list)
    metadata: JSON = msgspec.field(default_factory=dict)
    tool: JSON | None = None


class PermissionReplied(Event, frozen=True, rename=_RENAME):
    kinds = ("permission.replied",)

    request_id: str
    reply: str = ""


class QuestionAsked(Event, frozen=True):
    kinds = ("question.asked",)

    id: str
    questions: list[JSON]
    tool: JSON | None = None


class QuestionClosed(Event, frozen=True, rename=_RENAME):
    """Answered or turned down."""

    kinds = ("question.replied", "question.rejected")

    request_id: str


class Unreadable(Event, frozen=True):
    """Something came that could not be read, so anything may have been missed. Never sent by OpenCode."""


class Unknown(Event, frozen=True):
    """Any other event, or a known one whose members do not fit: kept as it came."""

    kind: str
    properties: msgspec.Raw = msgspec.Raw(b"{}")


KNOWN: dict[str, type[Event]] = {kind: cls for cls in Event.__subclasses__() for kind in cls.kinds}

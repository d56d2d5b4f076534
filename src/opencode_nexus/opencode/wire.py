# SPDX-License-Identifier: MIT
"""OpenCode's own JSON to the plain data of `state`; members that are missing or odd never raise."""

from collections.abc import Iterable
from typing import Any

from opencode_nexus.opencode.events import PermissionAsked, QuestionAsked
from opencode_nexus.opencode.state import Message, Part, Permission, Question, Status

JSON = dict[str, Any]

TEXT_KINDS = frozenset({"text", "reasoning"})
_TOOL_DONE = frozenset({"completed", "error"})
LAST_TIME = 250_000_000_000_000  # epoch milliseconds, in the year 9892: Python's calendar ends with 9999


def child(data: JSON, name: str) -> JSON:
    """Return the object under `name`, or an empty one."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def seconds(value: object) -> float | None:
    """Epoch milliseconds to epoch seconds; None for what is no number, or a time that no calendar has.

    OpenCode 1.18.33 imports a session of the year 277665, which then stands in the list beside every chat.
    """
    return value / 1000 if isinstance(value, int | float) and 0 <= value < LAST_TIME else None


def part_of(data: JSON) -> Part:
    """Read a part. Text is open while it has a start time and no end; a tool until it is done or failed."""
    kind = str(data.get("type", ""))
    text, closed = "", True
    if kind in TEXT_KINDS:
        text = str(data.get("text") or "")
        times = child(data, "time")
        closed = "end" in times or "start" not in times
        data = {name: value for name, value in data.items() if name != "text"}
    elif kind == "tool":
        closed = child(data, "state").get("status") in _TOOL_DONE
    return Part(
        id=str(data.get("id", "")),
        message_id=str(data.get("messageID", "")),
        kind=kind,
        text=text,
        closed=closed,
        data=data,
    )


def message_of(info: JSON, parts: Iterable[JSON] = ()) -> Message:
    """Read a message's head and its parts, which stay in OpenCode's order."""
    times = child(info, "time")
    read = [part_of(part) for part in parts]
    return Message(
        id=str(info.get("id", "")),
        role=str(info.get("role", "")),
        created=seconds(times.get("created")) or 0.0,
        completed=seconds(times.get("completed")),
        error=info.get("error"),
        info=info,
        parts={part.id: part for part in read},
    )


def status_of(data: JSON) -> Status:
    """Read a session's status; an unknown type counts as busy, so that nothing that runs is called idle."""
    kind = data.get("type")
    if kind == "idle":
        return Status()
    if kind != "retry":
        return Status("busy")
    return Status(
        "retry",
        attempt=int(data.get("attempt") or 0),
        message=str(data.get("message") or ""),
        next=seconds(data.get("next")),
    )


def permission_of(event: PermissionAsked) -> Permission:
    """Read a permission request, from an event or from the server's list (they have the same members)."""
    tool = event.tool or {}
    return Permission(
        id=event.id,
        session_id=event.session_id,
        permission=event.permission,
        patterns=tuple(event.patterns),
        always=tuple(event.always),
        metadata=event.metadata,
        message_id=tool.get("messageID"),
        call_id=tool.get("callID"),
    )


def question_of(event: QuestionAsked) -> Question:
    """Read a question, from an event or from the server's list."""
    tool = event.tool or {}
    return Question(
        id=event.id,
        session_id=event.session_id,
        questions=tuple(event.questions),
        message_id=tool.get("messageID"),
        call_id=tool.get("callID"),
    )

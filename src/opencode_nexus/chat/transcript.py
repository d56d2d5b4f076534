# SPDX-License-Identifier: MIT
"""OpenCode's messages as a person should see them: with the hub's own words where OpenCode has none."""

from collections.abc import Mapping
from typing import Any

from opencode_nexus.opencode.fold import ALL_KINDS, interrupt
from opencode_nexus.opencode.state import Message, Part, Untaken
from opencode_nexus.opencode.wire import TEXT_KINDS, child, message_of
from opencode_nexus.store.journal import OpenPart

JSON = dict[str, Any]


def transcript(raw: list[JSON], kept: Mapping[str, OpenPart], *, busy: bool) -> list[Message]:
    """Return the messages of a page (OpenCode's `{info, parts}`, oldest first) with the journal's copies.

    `busy`: the session runs and this is its newest page. Only its last answer can run, and once that is complete only
    its tools (a shell command's answer is complete before the command); parts that are open anywhere else will never
    be closed, and are marked as interrupted.
    """
    messages = [message_of(child(item, "info"), item.get("parts") or ()) for item in raw]
    answers = [message for message in messages if message.role == "assistant"]
    running = answers[-1] if busy and answers else None
    for message in messages:
        for part in message.parts.values():
            copy = kept.get(part.id)
            if part.closed or copy is None or part.kind not in TEXT_KINDS:
                continue
            # OpenCode's text of an open part is empty; a copy may be shorter only if it began later.
            if copy.length >= len(part.text):
                part.text, part.gaps = copy.text, list(copy.gaps)
            part.closed = part.interrupted = copy.interrupted
        if message is not running:
            interrupt(message, ALL_KINDS)
        elif message.completed is not None:
            interrupt(message)
    return messages


def as_message(untaken: Untaken) -> Message:
    """What OpenCode did not take, among what it did: a user's message that failed."""
    words = "OpenCode did not take this message. Send it again."
    if not untaken.sure:
        words = "OpenCode stopped before it said that it has this message."
    error = {"name": "NotTaken", "data": {"message": words}}
    provider, _, model = (untaken.model or "").partition("/")
    info: JSON = {"agent": untaken.agent, "model": {"providerID": provider, "modelID": model}}
    part = Part(untaken.id, untaken.id, "text", untaken.text)
    return Message(untaken.id, "user", untaken.at, error=error, info=info, parts={part.id: part})


def cut_off(raw: list[JSON]) -> bool:
    """Whether the newest answer of an idle session never ended: OpenCode died during it."""
    answers = [info for item in raw if (info := child(item, "info")).get("role") == "assistant"]
    if not answers:
        return False
    last = answers[-1]
    return "completed" not in child(last, "time") and not last.get("error")

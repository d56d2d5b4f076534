# SPDX-License-Identifier: MIT
"""What of a conversation is looked for: the words of each part that is complete."""

from collections.abc import Mapping
from typing import Any

from opencode_nexus.opencode.state import Message, Part
from opencode_nexus.opencode.wire import TEXT_KINDS, child, message_of, part_of
from opencode_nexus.store.journal import OpenPart
from opencode_nexus.store.search_rows import Document, Facts

JSON = dict[str, Any]

SAID = 1_000_000  # characters of one text that count: what is pasted is rarely longer; 0.2 s to index, in its thread
GIVEN = 60_000  # of what a tool was given: a whole file that it wrote
# Of what it gave back: all that OpenCode 1.18.33 itself keeps in a message (30,005 characters of a command's output,
# 50 KB of a file); of longer ones, as MCP tools give, how they began, and how they ended, where an error stands.
FIRST, LAST = 60_000, 20_000


def facts_of(info: JSON, server_id: str) -> Facts:
    """Read OpenCode's session object."""
    times = child(info, "time")
    return Facts(
        id=str(info.get("id", "")),
        server_id=server_id,
        parent_id=info.get("parentID"),
        project=str(info.get("directory") or ""),
        title=str(info.get("title") or ""),
        created=_ms(times.get("created")),
        updated=_ms(times.get("updated")),
        hidden_from=child(info, "revert").get("messageID"),
    )


def documents_of(raw: list[JSON], kept: Mapping[str, OpenPart]) -> list[Document]:
    """The documents of a page of OpenCode's messages; `kept`: the hub's own words of parts that were cut off."""
    documents = []
    for item in raw:
        message = message_of(child(item, "info"), item.get("parts") or ())
        for part in message.parts.values():
            copy = kept.get(part.id)
            if not part.closed and copy is not None and part.kind in TEXT_KINDS:
                part.text, part.closed = part.text or copy.text, True
            document = _document(message, part)
            if document is not None:
                documents.append(document)
    return documents


def document_of(data: JSON, role: str, created: int) -> Document | None:
    """The document of one part as an event tells it; None while it is open, and for parts without words.

    `role` and `created` (epoch ms) are its message's.
    """
    part = part_of(data)
    return _document(Message(part.message_id, role, created / 1000), part)


def _document(message: Message, part: Part) -> Document | None:
    if not part.closed:
        return None
    role, tool, text = "user" if message.role == "user" else "agent", "", part.text[:SAID]
    match part.kind:
        case "text" if part.data.get("synthetic"):  # what OpenCode added to a message: a file that was named in it
            role, text = "file", _ends(part.text)
        case "text":
            pass
        case "reasoning":
            role = "reasoning"
        case "tool":
            role, tool, text = "tool", str(part.data.get("tool") or "")[:80], _of_tool(child(part.data, "state"))
        case "file":
            source = child(part.data, "source")
            names = dict.fromkeys(str(name) for name in (part.data.get("filename"), source.get("path")) if name)
            role, text = "file", "\n".join(names)
        case "subtask":
            text = "\n".join(str(part.data.get(name) or "") for name in ("description", "prompt"))[:SAID]
        case _:
            return None
    return Document(message.id, part.id, role, tool, round(message.created * 1000), text)


def _of_tool(state: JSON) -> str:
    given = "\n".join(_texts(child(state, "input")))[:GIVEN]
    back = str(state.get("output") or state.get("error") or "")
    return f"{given}\n{_ends(back)}".strip()


def _texts(value: object, depth: int = 0) -> list[str]:
    """The texts in what a tool was given: a command, a path, a pattern, what is to be written."""
    if isinstance(value, str):
        return [value]
    if depth < 4 and isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in _texts(one, depth + 1)]
    return []


def _ends(text: str) -> str:
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]}\n…\n{text[-LAST:]}"


def _ms(value: object) -> int:
    return round(value) if isinstance(value, int | float) else 0

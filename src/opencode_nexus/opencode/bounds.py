# SPDX-License-Identifier: MIT
"""How much of one part is kept in memory: a tool's output may be 10 MB, and a page shows some kilobytes of it."""

import re
from typing import Any

from opencode_nexus.opencode.state import Message, Part

LONGEST = 96_000  # characters of one text that are kept as they are
HEAD, TAIL = 32_000, 32_000  # characters that are kept of a longer one
LEFT_OUT = re.compile(r"\n… ([\d,]+) characters are left out here …\n")


def cut(text: str) -> str:
    """Return the beginning and the end of a long text, and between them how much is left out."""
    left_out = len(text) - HEAD - TAIL
    return f"{text[:HEAD]}\n… {left_out:,} characters are left out here …\n{text[-TAIL:]}"


def bound(part: Part) -> Part:
    """Cut what is long in a part that will not grow any more, in place; `cut` says whether anything was."""
    if part.closed and len(part.text) > LONGEST:
        part.text, part.cut = cut(part.text), True
    if part.kind == "tool" and _long(part.data):
        part.data, part.cut = _cut(part.data), True
    return part


def bound_all(message: Message) -> Message:
    """The same for each part of a message."""
    for part in message.parts.values():
        bound(part)
    return message


def weight(message: Message) -> int:
    """About how many characters a message holds in memory."""
    return sum(len(part.text) + _size(part.data) for part in message.parts.values())


def _long(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > LONGEST
    if isinstance(value, dict):
        return any(map(_long, value.values()))
    return isinstance(value, list) and any(map(_long, value))


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return cut(value) if len(value) > LONGEST else value
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, list) else value


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 8

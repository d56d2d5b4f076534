# SPDX-License-Identifier: MIT
"""What the turns of a session changed in the files, newest messages first, a bounded number of them at a time.

OpenCode 1.18.33 tells it with each message of the user (`summary.diffs`), once the turn is over and only in a Git
repository; its route for the whole session gives []. Where it tells nothing, what the tools said of each edit counts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from opencode_nexus.opencode.state import Message, Part
from opencode_nexus.opencode.wire import child

JSON = dict[str, Any]
# A page of messages (oldest first) that ends before a cursor, None for the newest, and the cursor of the one before.
Read = Callable[[int, str | None], Awaitable[tuple[list[Message], str | None]]]

PAGE = 200  # messages asked for at once
MOST = 2000  # messages looked at for one page of changes; 10 questions of some 12 ms


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the user's, and what its answers changed: `{file, patch, additions?, deletions?, status?}`."""

    message: Message
    diffs: list[JSON]


async def turns(read: Read, before: str | None, reverted_from: str | None) -> tuple[list[Turn], str | None]:
    """Return the turns that changed files, oldest first, and the cursor to go on before them (None: no more).

    What was undone (from `reverted_from` on; ids grow with time) is left out. Raises what `read` raises.
    """
    found: list[Turn] = []
    answers: list[Message] = []
    cursor = before
    for _ in range(MOST // PAGE):
        page, cursor = await read(PAGE, cursor)
        for message in reversed(page):
            if reverted_from is not None and message.id >= reverted_from:
                continue
            if message.role != "user":
                answers.append(message)
            else:
                if diffs := told(message) or by_tools(reversed(answers), message.id):
                    found.append(Turn(message, diffs))
                answers = [item for item in answers if item.info.get("parentID") != message.id]
        if cursor is None:
            break
    return found[::-1], cursor


def told(message: Message) -> list[JSON]:
    """Return what the answers to a user's message changed, as OpenCode tells it with that message."""
    found = child(message.info, "summary").get("diffs")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def by_tools(answers: Any, message_id: str) -> list[JSON]:
    """Return what the tools of a message's answers said that they changed, in order."""
    out: list[JSON] = []
    for answer in answers:
        if answer.info.get("parentID") == message_id:
            for part in answer.parts.values():
                out += _by_tool(part)
    return out


def _by_tool(part: Part) -> list[JSON]:
    state = child(part.data, "state")
    if part.kind != "tool" or state.get("status") != "completed":
        return []
    metadata, entered = child(state, "metadata"), child(state, "input")
    name, files = str(entered.get("filePath") or ""), metadata.get("files")
    if isinstance(files, list):
        words = {"add": "added", "delete": "deleted"}
        return [
            {**file, "file": file.get("filePath"), "status": words.get(str(file.get("type")), "modified")}
            for file in files
            if isinstance(file, dict) and "patch" in file
        ]
    if patch := metadata.get("diff"):
        return [{"file": name, "patch": patch, "status": "modified"}]
    content = entered.get("content")
    if part.data.get("tool") == "write" and isinstance(content, str):
        lines = content.removesuffix("\n").split("\n")
        patch = f"@@ -0,0 +1,{len(lines)} @@\n" + "\n".join("+" + line for line in lines)
        return [{"file": name, "patch": patch, "status": "modified" if metadata.get("exists") else "added"}]
    return []

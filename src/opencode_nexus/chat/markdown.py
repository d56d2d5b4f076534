# SPDX-License-Identifier: MIT
"""A session's messages as Markdown: who, when, what was said, and the tools folded away."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from opencode_nexus.opencode.wire import child, seconds

JSON = dict[str, Any]


def session_markdown(info: JSON, now: datetime) -> str:
    """Return the head of the file."""
    times = child(info, "time")
    lines = [f"# {_escaped(_line(info.get('title') or 'New chat'))}", ""]
    lines += [f"- Folder: {_code(info.get('directory') or 'not known')}", f"- Begun: {_when(times.get('created'))}"]
    lines += [f"- Last used: {_when(times.get('updated'))}", f"- Exported: {now:%Y-%m-%d %H:%M} UTC", ""]
    return "\n".join(lines) + "\n"


def message_markdown(item: JSON) -> str:
    """Return one message; "" when it holds nothing to read."""
    info = child(item, "info")
    pieces = [piece for part in item.get("parts") or () if (piece := _part(part))]
    error = child(info, "error")
    if error:
        said = child(error, "data").get("message") or error.get("name") or "It failed."
        pieces.append(f"> **It ended with an error:** {_escaped(_line(said))}")
    if not pieces:
        return ""
    who = "You" if info.get("role") == "user" else "Agent"
    model = _line(info.get("modelID") or "")
    head = f"## {who}, {_when(child(info, 'time').get('created'))}{f' ({model})' if model else ''}"
    return "\n\n".join([head, *pieces]) + "\n\n"


def _part(part: JSON) -> str:
    kind, text = part.get("type"), str(part.get("text") or "")
    match kind:
        case "text":
            if part.get("synthetic"):
                return _folded("Added by OpenCode", _fenced(text))
            return text.strip()
        case "reasoning":
            return _folded("Thoughts", _fenced(text)) if text.strip() else ""
        case "tool":
            return _tool(part)
        case "file":
            return f"- File: {_code(part.get('filename') or part.get('mime') or 'without a name')}"
        case "compaction":
            return "*The chat was compacted here.*"
    return ""


def _tool(part: JSON) -> str:
    state = child(part, "state")
    given, meta = child(state, "input"), child(state, "metadata")
    name = str(part.get("tool") or "tool")
    about = given.get("command") or given.get("filePath") or given.get("pattern") or state.get("title") or ""
    status = "" if state.get("status") == "completed" else f" ({_line(state.get('status') or 'not known')})"
    blocks = []
    if name == "bash":
        blocks.append(_fenced(str(given.get("command") or ""), "sh"))
    elif given and not meta.get("diff"):
        blocks.append(_fenced(json.dumps(given, indent=2, ensure_ascii=False), "json"))
    if meta.get("diff"):
        blocks.append(_fenced(str(meta["diff"]), "diff"))
    output = state.get("output") or state.get("error")
    if output:
        blocks.append(_fenced(str(output)))
    return _folded(f"{name}: {_line(about)[:200]}{status}" if about else f"{name}{status}", "\n\n".join(blocks))


def _folded(title: str, inside: str) -> str:
    return f"<details>\n<summary>{_escaped(title)}</summary>\n\n{inside}\n\n</details>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fenced(text: str, language: str = "") -> str:
    """Return text as a block of code; its fence is longer than any in the text, which so cannot end it."""
    # looked for first: the expression alone took 100 ms for 10 MB without any
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2) if "```" in text else 2
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _code(value: object) -> str:
    return "`" + _line(value).replace("`", "'") + "`"


def _line(value: object) -> str:
    return " ".join(str(value).split())


def _when(stamp: object) -> str:
    at = seconds(stamp)
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" if at is not None else "not known when"

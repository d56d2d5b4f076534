# SPDX-License-Identifier: MIT
"""A tool call: folded to one line with its name, what it works on and its state; input and output inside."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render import diff
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.words import cut, mark, one_line, seconds, size
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Box, Leaf, key_of, leaf

STATES = {"pending": "Preparing", "running": "Running", "completed": "Done", "error": "Failed"}
# The input that says best what a call works on, by tool.
_SUBJECTS = {
    "bash": ("command",),
    "read": ("filePath",),
    "edit": ("filePath",),
    "write": ("filePath",),
    "list": ("path",),
    "glob": ("pattern",),
    "grep": ("pattern",),
    "task": ("description",),
    "webfetch": ("url",),
    "skill": ("name",),
}
_ICONS = {"bash": "terminal", "edit": "pen", "write": "pen", "list": "folder", "glob": "folder"}


def tool(part: Part, links: Links, created: int, directory: str = "") -> Box:
    """Return the node of a tool call. `created` is its message's time in milliseconds, `directory` the
    session's folder: paths below it are shown short."""
    key = key_of(part.id)
    name = str(part.data.get("tool") or "tool")
    state: dict[str, Any] = part.data.get("state") or {}
    status = "error" if part.interrupted else str(state.get("status") or "pending")
    kids = [leaf(key + "h", _head(part, name, state, status, directory))]
    if (entered := _input(name, state)) is not None:
        kids.append(leaf(key + "i", entered))
    if (patch := _patch(state)) is not None:
        kids.append(leaf(key + "d", patch))
    if (output := _output(part, name, state, links, created)) is not None:
        kids.append(Leaf(key + "o", str(output)))
    if part.interrupted:
        kids.append(leaf(key + "x", mark("OpenCode stopped while this was running. How far it came is not known.")))
    attrs = {"class": f"part tool {status}"}
    return Box(key, "details", attrs, kids)


def subject(name: str, state: dict[str, Any], directory: str = "") -> str:
    """Return what a call works on, as one line: a command, a path, a pattern."""
    entered = state.get("input") or {}
    for field in _SUBJECTS.get(name, ()):
        if entered.get(field):
            text = str(entered[field])
            return one_line(text.removeprefix(directory.rstrip("/") + "/") if directory else text)
    title = state.get("title")
    if title:
        return one_line(title)
    return one_line(next((value for value in entered.values() if isinstance(value, str)), ""))


def _head(part: Part, name: str, state: dict[str, Any], status: str, directory: str) -> Markup:
    metadata = state.get("metadata") or {}
    extra = Markup("")
    patch = metadata.get("diff")
    if patch:
        added, removed = diff.counts(str(patch))
        extra = Markup('<span class="num small muted">+{} −{}</span>').format(added, removed)
    words = "Interrupted" if part.interrupted else STATES.get(status, status)
    time = state.get("time") or {}
    if status == "completed" and time.get("end") and time.get("start"):
        took = (time["end"] - time["start"]) / 1000
        if took >= 1:
            words = f"{words} in {seconds(took)}"
    dot = {"completed": "ok", "error": "bad"}.get(status, "")
    if status == "completed" and metadata.get("exit") not in (None, 0):
        words, dot = f"Exit code {metadata['exit']}", "warn"
    return Markup(
        '<summary>{icon}<b>{name}</b> <code class="clip grow">{subject}</code>{extra}'
        '<span class="status {dot}"{state}>{words}</span></summary>'
    ).format(
        icon=icon(_ICONS.get(name, "gear")),
        name=name,
        subject=subject(name, state, directory),
        extra=extra,
        dot=dot,
        state=Markup(' data-state="busy"') if status in ("pending", "running") else Markup(""),
        words=words,
    )


def _input(name: str, state: dict[str, Any]) -> Markup | None:
    entered = state.get("input") or {}
    metadata = state.get("metadata") or {}
    if name == "bash":
        return _code("$ " + str(entered.get("command", "")), "Command") if entered.get("command") else None
    if name == "edit" and metadata.get("diff"):
        return None
    if name == "write" and entered.get("content"):
        return _code(str(entered["content"]), "Content")
    if name == "todowrite" and isinstance(entered.get("todos"), list):
        return _todos(entered["todos"])
    rows = [Markup("<dt>{}</dt><dd>{}</dd>").format(field, one_line(value, 400)) for field, value in entered.items()]
    return Markup('<dl class="input">{}</dl>').format(Markup("").join(rows)) if rows else None


def _todos(todos: list[Any]) -> Markup:
    signs = {"completed": "☑", "in_progress": "▶", "cancelled": "☒"}
    rows = [
        Markup('<li>{} {} <span class="muted small">{}</span></li>').format(
            signs.get(str(todo.get("status")), "☐"),
            todo.get("content", ""),
            str(todo.get("status", "")).replace("_", " "),
        )
        for todo in todos
        if isinstance(todo, dict)
    ]
    return Markup('<ul class="todos">{}</ul>').format(Markup("").join(rows))


def _patch(state: dict[str, Any]) -> Markup | None:
    patch = (state.get("metadata") or {}).get("diff")
    return diff.view(str(patch))[0] if patch else None


def _output(part: Part, name: str, state: dict[str, Any], links: Links, created: int) -> Markup | None:
    status = state.get("status")
    if status == "error":
        return Markup('<p class="fault">{}{}</p>').format(icon("warn"), state.get("error") or "The tool failed.")
    text = state.get("output") if status == "completed" else (state.get("metadata") or {}).get("output")
    if not text or (name in ("edit", "write") and status == "completed" and len(str(text)) < 200):
        return None
    shown, left_out = cut(str(text), end=name == "bash")
    made = _code(shown, "Output")
    if not left_out:
        return made
    return Markup('<div>{}<p class="more"><a href="{}" data-show>Show all ({})</a></p></div>').format(
        made, links.part(part.message_id, part.id, created), size(str(text))
    )


def _code(text: str, label: str) -> Markup:
    return Markup('<pre tabindex="0" aria-label="{}" role="group"><code>{}</code></pre>').format(label, text)

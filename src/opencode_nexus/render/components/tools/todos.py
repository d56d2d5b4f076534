# SPDX-License-Identifier: MIT
"""todowrite and todoread: the agent's list of things to do, as a checklist."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View, dicts
from opencode_nexus.render.components.tools.pieces import output
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

SHOWN = 60  # items
LONG = 300  # characters of an item

_SIGNS = {"completed": "☑", "in_progress": "▶", "cancelled": "☒"}
_WORDS = {"completed": "done", "in_progress": "in progress", "cancelled": "dropped", "pending": "to do"}


def checklist(todos: list[dict[str, Any]]) -> Markup:
    """Return the items in order, each with its state as a sign and as a word."""
    rows = [
        Markup('<li class="{}">{} {} <span class="muted small">{}</span></li>').format(
            status if status in _WORDS else "",
            _SIGNS.get(status, "☐"),
            shown(one_line(item.get("content", ""), LONG)),
            _WORDS.get(status) or shown(one_line(status, 40)),
        )
        for item in todos[:SHOWN]
        for status in (str(item.get("status") or "pending"),)
    ]
    if len(todos) > SHOWN:
        rows.append(Markup("<li>and {} more</li>").format(len(todos) - SHOWN))
    return Markup('<ul class="todos">{}</ul>').format(Markup("").join(rows))


def summary(todos: list[dict[str, Any]]) -> str:
    """Return how far a list is, and what is done now: "2 of 5 done · Write the tests"."""
    done = sum(item.get("status") == "completed" for item in todos)
    now = next((item for item in todos if item.get("status") == "in_progress"), None)
    words = f"{done} of {len(todos)} done"
    return f"{words} · {one_line(now.get('content', ''), 100)}" if now else words


def _todos(call: Call) -> list[dict[str, Any]]:
    return dicts(call.metadata.get("todos")) or dicts(call.input.get("todos"))


def _subject(call: Call) -> str:
    todos = _todos(call)
    return summary(todos) if todos else ""


def _body(call: Call) -> list[Leaf]:
    todos = _todos(call)
    return [call.leaf("i", checklist(todos))] if todos else output(call)


TODOS = View("check", _subject, _body, label="to-do list")

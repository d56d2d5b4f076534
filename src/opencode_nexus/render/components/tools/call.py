# SPDX-License-Identifier: MIT
"""One call of a tool, as its view reads it. Nothing in it can be relied on: a model wrote the input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.tree import Leaf, key_of, leaf


@dataclass(frozen=True, slots=True)
class Call:
    """`created` is its message's time in milliseconds, `directory` the session's folder."""

    part: Part
    links: Links
    created: int
    directory: str = ""

    @property
    def name(self) -> str:
        return str(self.part.data.get("tool") or "tool")

    @property
    def state(self) -> dict[str, Any]:
        return of(self.part.data, "state")

    @property
    def input(self) -> dict[str, Any]:
        return of(self.state, "input")

    @property
    def metadata(self) -> dict[str, Any]:
        return of(self.state, "metadata")

    @property
    def status(self) -> str:
        """pending, running, completed or error; that of a call that OpenCode left open is error."""
        return "error" if self.part.interrupted else str(self.state.get("status") or "pending")

    @property
    def done(self) -> bool:
        return self.status == "completed"

    @property
    def output(self) -> str:
        """What it gave back, or has given so far."""
        found = self.state.get("output") if self.done else self.metadata.get("output")
        return found if isinstance(found, str) else ""

    @property
    def whole(self) -> str:
        """The page that shows all of it."""
        return self.links.part(self.part.message_id, self.part.id, self.created)

    def text(self, name: str) -> str:
        """Return a member of the input as text, "" without it."""
        value = self.input.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def path(self, name: str = "filePath") -> str:
        """Return a path of the input, short when it is below the session's folder."""
        return self.short(self.text(name))

    def short(self, path: str) -> str:
        """Return `path` without the session's folder before it."""
        folder = self.directory.rstrip("/")
        return path.removeprefix(folder + "/") if folder and path != folder else path

    def leaf(self, place: str, body: Markup) -> Leaf:
        """Return a piece of the view; `place` tells it from the call's other pieces."""
        return leaf(key_of(self.part.id) + place, body)


@dataclass(frozen=True, slots=True)
class View:
    """How a tool's calls are shown: an icon, what a call works on as one line, what else stands in its head, and its
    body. `label` is what it is called, when its own name says little.
    """

    icon: str
    subject: Callable[[Call], str]
    body: Callable[[Call], list[Leaf]]
    note: Callable[[Call], Markup] = lambda call: Markup("")
    label: str = ""


def of(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object under `name`, or an empty one."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list, and nothing for what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def subject_of(*names: str) -> Callable[[Call], str]:
    """Return a `subject` that takes the first of these members of the input that is there."""
    return lambda call: next((one_line(call.path(name)) for name in names if call.text(name)), "")

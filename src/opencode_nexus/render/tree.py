# SPDX-License-Identifier: MIT
"""A page's live part as keyed nodes, so that what has changed can be found and sent alone.

The shape is that of `live.view.Node`; the two packages do not know each other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

_ROOT = re.compile(r"<[a-z][a-z0-9]*")


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """HTML with one root element, replaced as a whole (or grown at its end)."""

    key: str
    body: str
    kids: None = None
    tag: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict)

    def html(self) -> str:
        root = _ROOT.match(self.body)
        assert root is not None, f"a leaf needs a root element: {self.body[:40]!r}"
        return f'{root[0]} data-k="{self.key}"{self.body[root.end() :]}'


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """HTML that each page keeps as it has it: it is part of a fresh page and never patched."""

    key: str
    fresh: str
    body: str = ""
    kids: None = None
    tag: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict)

    def html(self) -> str:
        return Leaf(self.key, self.fresh).html()


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """An element with keyed children. Attribute values are escaped here."""

    key: str
    tag: str
    attrs: Mapping[str, str]
    kids: Sequence["Leaf | Still | Box"]
    body: str = ""

    def html(self) -> str:
        attrs = "".join(f' {name}="{escape(value)}"' for name, value in self.attrs.items())
        return f'<{self.tag} data-k="{self.key}"{attrs}>{"".join(kid.html() for kid in self.kids)}</{self.tag}>'


Node = Leaf | Still | Box


def elements(node: Node) -> int:
    """Return how many elements a node is on the page."""
    html = node.fresh if node.__class__ is Still else node.body
    return html.count("<") - html.count("</") if node.kids is None else 1 + sum(map(elements, node.kids))


def leaf(key: str, body: Markup) -> Leaf:
    """Return a leaf of a component's markup."""
    return Leaf(key, str(body))


def key_of(identifier: str) -> str:
    """Return a short key for one of OpenCode's ids: its last 10 characters are random (60 bits)."""
    return re.sub(r"[^A-Za-z0-9_]", "", identifier)[-10:]

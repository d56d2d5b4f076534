# SPDX-License-Identifier: MIT
"""A page of the documentation: one Markdown file as HTML, with headings that can be linked.

The in-app Help and the site that scripts/docs makes both come from here, so they show the same text. Where a link
leads is for each of them to say.
"""

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opencode_nexus.render.markdown import Event, Scene, Writer, split
from opencode_nexus.render.sanitise import SCHEMES, clean_guide

# Gets a file below docs ("howto/phone.md") and a fragment ("" or "#words"); gives an address, None when none is there.
Leads = Callable[[str, str], str | None]

_TAG = re.compile(r"<[^>]*>")
_NO_WORD = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Heading:
    """`id` is what the page's address ends with after #."""

    level: int
    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Guide:
    """`title` is the file's first heading; `html` all after it; `headings` those in it, in order."""

    title: str
    html: str
    headings: tuple[Heading, ...]


def guide(text: str, file: str, leads: Leads) -> Guide:
    """Return the page of `text`, which is `file` below docs."""
    scene, title = Scene(), ""
    writer = _GuideWriter(scene, file, leads)
    for block in split(text, scene):
        if _is_comment(block.events):
            continue
        begun = len(writer.out)
        for event in block.events:
            writer.take(event)
        if not title and writer.headings and writer.headings[0].level == 1:
            title = writer.headings.pop(0).words
            del writer.out[begun:]
    return Guide(title, clean_guide("".join(writer.out)), tuple(writer.headings))


def _is_comment(events: list[Event]) -> bool:
    words = "".join(event["Html"] for event in events if event.__class__ is dict and "Html" in event)
    return words.startswith("<!--") and words.rstrip().endswith("-->")


def slug(words: str) -> str:
    """Return the id of a heading, as code forges make it: small letters, hyphens for spaces, no signs."""
    return _NO_WORD.sub("", words.strip().lower()).replace(" ", "-")


class _GuideWriter(Writer):
    """Writes our own text: headings by their own level with an id, links between files, and pictures."""

    def __init__(self, scene: Scene, file: str, leads: Leads) -> None:
        super().__init__(scene)
        self.headings: list[Heading] = []
        self._file, self._leads = file, leads
        self._begun: list[int] = []  # where in `out` the heading or the picture began
        self._level = 0

    def _heading(self, level: int) -> None:
        self._level = level
        self._begun.append(len(self.out))
        self._open(f"h{level}")

    def _open_link(self, address: str, title: str, *, picture: bool) -> None:
        self._link += 1
        if picture:
            found = self._own(address)
            self._begun.append(len(self.out))
            self._ends.append(f'<img src="{html.escape(found)}" alt="" loading="lazy">' if found else "")
        elif address.partition(":")[0].lower() in SCHEMES:
            self.out.append(f'<a href="{html.escape(address)}" target="_blank">')
            self._ends.append("</a>")
        else:
            found = self._own(address)
            self.out.append(f'<a href="{html.escape(found)}">' if found else "")
            self._ends.append("</a>" if found else "")

    def _own(self, address: str) -> str | None:
        path, hash_sign, fragment = address.partition("#")
        if not path:
            return address
        return self._leads(
            posixpath.normpath(posixpath.join(posixpath.dirname(self._file), path)), hash_sign + fragment
        )

    def _end(self, value: Any) -> None:
        kind = value if value.__class__ is str else next(iter(value))
        if kind == "Heading":
            self._end_heading()
        elif kind == "Image":
            self._link -= 1
            begun, made = self._begun.pop(), self._ends.pop()
            words = "".join(self.out[begun:])  # escaped for text; an attribute needs its quotes escaped as well
            del self.out[begun:]
            self.out.append(made.replace('alt=""', f'alt="{words.replace(chr(34), "&quot;")}"', 1) or words)
        elif kind == "TableCell" and self._head and self.out[-1].startswith("<th"):
            self.out[-1] = "<td>"  # a heading without words: axe's empty-table-header
            self._ends.pop()
            self.out.append("</td>")
        else:
            super()._end(value)

    def _end_heading(self) -> None:
        begun = self._begun.pop()
        words = html.unescape(_TAG.sub("", "".join(self.out[begun:])))
        name = first = slug(words)
        taken, number = {one.id for one in self.headings}, 0
        while name in taken:
            number += 1
            name = f"{first}-{number}"
        self.out[begun] = f'<h{self._level} id="{html.escape(name)}">'
        self._close()
        self.headings.append(Heading(self._level, name, words))

# SPDX-License-Identifier: MIT
"""Markdown to HTML, one block of the text's top level at a time.

Parsed by pyromark (pulldown-cmark); written here, because every word of an agent must be seen: HTML inside
the text is shown as it stands, pictures become links, and addresses that lead nowhere from here stay words.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyromark
from pyromark import Options

from opencode_nexus.render.sanitise import SCHEMES, clean

OPTIONS = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS | Options.ENABLE_MATH

Event = Any  # what pyromark yields: a word, or a dict of one key
Colour = Callable[[str, str], str | None]
Definitions = dict[str, tuple[str, str]]

DEEPEST = 64  # elements in one another; deeper ones add no more: to clean 20,000 took 4 s, and twice as many 16 s
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}*_]")
_HARMLESS = re.compile(r"</?(?:br|kbd|sub|sup)\s*/?>", re.IGNORECASE)
_FORMULA = re.compile(r"[\\^_{=]")
_SIMPLE = {
    "Paragraph": "p", "Item": "li", "Emphasis": "em", "Strong": "strong", "Strikethrough": "del",
    "TableRow": "tr",
}  # fmt: skip


@dataclass(slots=True)
class Block:
    """One block of the top level: where its first line starts in the text (bytes), and its events."""

    start: int
    events: list[Event]


@dataclass(slots=True)
class Scene:
    """What a block takes from the text before it and hands on: headings so far, link definitions."""

    outline: tuple[int, ...] = ()
    definitions: Definitions = field(default_factory=dict)
    colour: Colour | None = None
    plain: bool = False  # set when code was shown plain because its colours are not ready


def label(words: str) -> str:
    """Return a link label in the form in which labels are compared."""
    return " ".join(words.split()).casefold()


def definitions(text: str) -> Definitions:
    """Return the link definitions in `text` by label."""
    if "]:" not in text:
        return {}
    found: Definitions = {}
    for name, link in pyromark.reference_definitions(text, options=OPTIONS).items():
        found.setdefault(label(name), (link["dest"], link["title"] or ""))
    return found


@cache
def _parser() -> pyromark.Markdown:
    return pyromark.Markdown(options=OPTIONS)


def _events(text: str, scene: Scene) -> Iterator[tuple[Event, Any]]:
    if not scene.definitions:
        return _parser().events_with_range(text, merge_text=True)

    def known(link: Any) -> tuple[str, str] | None:
        return scene.definitions.get(label(link["reference"]))

    parser = pyromark.Markdown(options=OPTIONS, broken_link_callback=known)
    return parser.events_with_range(text, merge_text=True)


def split(text: str, scene: Scene) -> list[Block]:
    """Return the blocks of `text`'s top level in order."""
    data = text.encode()
    blocks: list[Block] = []
    depth = 0
    for event, where in _events(text, scene):
        if depth == 0:
            line = data.rfind(b"\n", 0, where["start"]) + 1
            blocks.append(Block(line, []))
        blocks[-1].events.append(event)
        if event.__class__ is dict:
            if "Start" in event:
                depth += 1
            elif "End" in event:
                depth -= 1
    return blocks


def block_html(events: Iterable[Event], scene: Scene) -> str:
    """Return one block as HTML with exactly one root element; moves `scene` on."""
    writer = Writer(scene)
    for event in events:
        writer.take(event)
    made = "".join(writer.out)
    return made if writer.only_code else clean(made)


class Writer:
    """Writes one block; everything that comes from the text is escaped here."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.out = scene, []  # type: tuple[Scene, list[str]]
        self.only_code = False
        self._ends: list[str] = []
        self._code: list[str] | None = None
        self._language = ""
        self._link = 0
        self._aligned: tuple[str, ...] = ()
        self._cell = 0
        self._head = False

    def take(self, event: Event) -> None:
        if event.__class__ is not dict:
            if event == "SoftBreak":
                self.out.append("\n")
            else:
                self.out.append("<br>" if event == "HardBreak" else "<hr>")
            return
        kind, value = next(iter(event.items()))
        if kind == "Text":
            self._text(value)
        elif kind == "Start":
            self._start(value)
        elif kind == "End":
            self._end(value)
        elif kind == "Code":
            self.out.append(f"<code>{html.escape(value, quote=False)}</code>")
        elif kind in ("InlineMath", "DisplayMath"):
            self._formula(value, "$" if kind == "InlineMath" else "$$")
        elif kind == "TaskListMarker":
            self.out.append("☑ " if value else "☐ ")
        else:  # Html, InlineHtml, and whatever a later parser may yield: its words are shown
            words = str(value)
            self.out.append(words.lower() if _HARMLESS.fullmatch(words) else html.escape(words, quote=False))

    def _formula(self, value: str, mark: str) -> None:
        """A formula is shown as code, so that nothing in it is taken for Markdown; amounts such as $5/$6 stay words."""
        words = html.escape(f"{mark}{value}{mark}", quote=False)
        self.out.append(f'<code class="math">{words}</code>' if mark == "$$" or _FORMULA.search(value) else words)

    def _text(self, words: str) -> None:
        if self._code is not None:
            self._code.append(words)
        elif self._link or "://" not in words:
            self.out.append(html.escape(words, quote=False))
        else:
            last = 0
            for match in _ADDRESS.finditer(words):
                address = html.escape(match[0])
                self.out.append(html.escape(words[last : match.start()], quote=False))
                self.out.append(f'<a href="{address}">{address}</a>')
                last = match.end()
            self.out.append(html.escape(words[last:], quote=False))

    def _start(self, value: Any) -> None:
        if value.__class__ is str:
            if value in _SIMPLE:
                self._open(_SIMPLE[value])
            elif value == "TableHead":
                self._head, self._cell = True, 0
                self._open("thead")
                self._open("tr")
            elif value == "TableCell":
                side = self._aligned[self._cell] if self._cell < len(self._aligned) else "None"
                self._cell += 1
                self._open("th" if self._head else "td", f' class="{side.lower()}"' if side != "None" else "")
            else:  # HtmlBlock: the words as they stand
                self._open("p", ' class="raw"')
            if value == "TableRow":
                self._cell = 0
            return
        kind, data = next(iter(value.items()))
        if kind == "Heading":
            self._heading(int(data["level"][1]))
        elif kind == "CodeBlock":
            info = data["Fenced"] if isinstance(data, dict) else ""
            self._language = re.split(r"[\s,{:]", info.strip(), maxsplit=1)[0].lower()[:30]
            self._code = []
            self.only_code = not self._ends
        elif kind == "List":
            tag = "ul" if data is None else "ol"
            self._open(tag, f' start="{data}"' if data not in (None, 1) else "")
        elif kind == "Table":
            self._aligned = tuple(data)
            self._open("div", ' class="scroll" tabindex="0"')
            self._open("table")
        elif kind in ("Link", "Image"):
            self._open_link(data["dest_url"], data["title"], picture=kind == "Image")
        else:
            self._open("blockquote" if kind == "BlockQuote" else "div")

    def _end(self, value: Any) -> None:
        kind = value if value.__class__ is str else next(iter(value))
        if kind == "CodeBlock":
            self._end_code()
        elif kind in ("Link", "Image"):
            self._link -= 1
            self.out.append(self._ends.pop())
        elif kind == "Table":
            for _ in ("tbody", "table", "div"):
                self._close()
        elif kind == "TableHead":
            self._head = False
            self._close()
            self._close()
            self._open("tbody")
        else:
            self._close()

    def _open(self, tag: str, attributes: str = "") -> None:
        shallow = len(self._ends) < DEEPEST
        self.out.append(f"<{tag}{attributes}>" if shallow else "")
        self._ends.append(f"</{tag}>" if shallow else "")

    def _close(self) -> None:
        self.out.append(self._ends.pop())

    def _heading(self, level: int) -> None:
        """Headings go below the message's own (h2) and never skip a level, whatever the text does."""
        above = tuple(outer for outer in self.scene.outline if outer < level)
        self.scene.outline = (*above, level)
        self._open(f"h{min(6, 3 + len(above))}")

    def _open_link(self, address: str, title: str, *, picture: bool) -> None:
        self._link += 1
        scheme = address.partition(":")[0].lower() if ":" in address else ""
        if scheme in SCHEMES:
            hint = f' title="{html.escape(title)}"' if title else ""
            self.out.append(f'<a href="{html.escape(address)}"{hint}>' + ("Picture: " if picture else ""))
            self._ends.append("</a>")
        else:  # a path or another scheme: it leads nowhere from a browser, so it stays words
            shown = address if len(address) <= 200 else address[:200] + "…"
            self.out.append("Picture: " if picture else "")
            self._ends.append(f" (<code>{html.escape(shown, quote=False)}</code>)" if shown else "")

    def _end_code(self) -> None:
        code, language = "".join(self._code or []), self._language
        self._code = None
        inner = None
        if self.scene.colour is not None:
            inner = self.scene.colour(code, language)
            self.scene.plain = self.scene.plain or inner is None
        if inner is None:
            inner = html.escape(code, quote=False)
        shown = f' data-lang="{html.escape(language)}"' if language else ""
        self.out.append(f'<pre tabindex="0"{shown}><code>{inner}</code></pre>')

# SPDX-License-Identifier: MIT
"""The text of an agent or a user: Markdown by block, reasoning folded, and the marks for what is missing."""

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.blocks import Blocks
from opencode_nexus.render.components.words import cut, mark, size
from opencode_nexus.render.markdown import Colour
from opencode_nexus.render.room import Parting
from opencode_nexus.render.terminal import plain
from opencode_nexus.render.tree import Box, Leaf, key_of, leaf

GAP = (
    "Some words are missing here: Nexus could not hear them as they were said. "
    "They come back when the agent finishes this text."
)
LONG = 60_000  # characters of a text from which on its middle is left out of the page
PIECES = 5  # pieces of `room` from which on it is, too: some 1,500 elements, of the 3,000 that a page may have
KEPT = 16_000  # characters that are shown of what a user wrote
TYPED = 20_000  # characters of what a user wrote that are shown
CUT = "The text ends here because OpenCode stopped. This copy was kept by Nexus."


_GAP = mark(GAP, "gap")


class Text:
    """One text part, rendered again only where it grows."""

    def __init__(self, part_id: str, colour: Colour | None, whole: str = "") -> None:
        """`whole` is the page that shows all of a text that is too long for the page."""
        self._key = key_of(part_id)
        self._whole = whole
        self._fences: tuple[int, str] = (0, "")
        self._parting = Parting()
        self._colour = colour
        self._pieces: list[Blocks] = []
        self._leaves: list[Leaf] = []
        self._edges: list[int] = []  # between which it is shown, as of the last time
        self._made = -1  # the number of the last key

    @property
    def plain(self) -> bool:
        """True while some code waits for its colours."""
        return any(piece.plain for piece in self._pieces)

    def refresh(self) -> None:
        for piece in self._pieces:
            piece.refresh()

    def leaves(self, part: Part) -> list[Leaf]:
        """Return the blocks of `part` and its marks; those that did not change are the same objects."""
        bodies: list[str] = []
        spans = self._spans(part)
        del self._pieces[len(spans) :]
        for index, (start, end, before) in enumerate(spans):
            if index == len(self._pieces):
                self._pieces.append(Blocks(self._colour))
            piece = self._pieces[index]
            words = part.text if (start, end) == (0, len(part.text)) else part.text[start:end]
            if before and before is not _GAP:
                words = self._fence(part.text, start) + words
            piece.feed(words, closed=part.closed or end < len(part.text))
            if before:
                bodies.append(str(before))
            bodies.extend(piece.html)
        if part.interrupted:
            bodies.append(str(mark(CUT, "cut")))
        edges = [edge for start, end, _ in spans for edge in (start, end)][:-1]
        if edges != self._edges:
            self._leaves = self._moved(bodies)
        else:
            kept = self._leaves
            self._leaves = [
                kept[i] if i < len(kept) and kept[i].body == body else self._leaf(kept, i, body)
                for i, body in enumerate(bodies)
            ]
        self._edges = edges
        return self._leaves

    def _leaf(self, kept: list[Leaf], index: int, body: str) -> Leaf:
        """Return a leaf with the key of the one that is there, or with one that none has had."""
        if index < len(kept):
            return Leaf(kept[index].key, body)
        self._made = max(self._made + 1, index)
        return Leaf(f"{self._key}.{self._made}", body)

    def _moved(self, bodies: list[str]) -> list[Leaf]:
        """Return the leaves when more of the middle is left out: what stays keeps its key, so that pages only take
        away what has gone. By its place each block would be another one: 45 KB and a hundred patches at once.
        """
        kept, found, at = self._leaves, [], 0
        was = [one.body for one in kept]
        for body in bodies:
            try:
                at = was.index(body, at) + 1
                found.append(kept[at - 1])
            except ValueError:
                found.append(self._leaf([], 0, body))
        return found

    def _spans(self, part: Part) -> list[tuple[int, int, Markup]]:
        """Return what is shown of a text, as (from, to, what stands before it)."""
        length = len(part.text)
        cuts = [0, *sorted({gap for gap in part.gaps if 0 <= gap <= length}), length]
        spans = [(start, cuts[index + 1], _GAP if index else Markup("")) for index, start in enumerate(cuts[:-1])]
        begins = self._parting.begins(part.text)
        if length <= LONG and len(begins) <= PIECES:
            return spans
        # The first piece, and the last whole one with what follows it: both stay the same while the text grows a piece.
        head, tail = begins[1], begins[-2]
        head = part.text.rfind("\n", 0, head) + 1 or head
        tail = part.text.rfind("\n", (begins[-3] + tail) // 2, tail) + 1 or tail
        words = Markup('<p class="mark">{} are left out here. <a href="{}" data-nav>Show all ({})</a></p>').format(
            size(part.text[head:tail]), self._whole, size(part.text)
        )
        if not part.closed:  # its length is told once it has one: else this would change with each word
            words = Markup('<p class="mark">The text is long: its middle is left out here.</p>')
        first = [(start, min(end, head), before) for start, end, before in spans if start < head]
        last = [
            (max(start, tail), end, before if start > tail else words) for start, end, before in spans if end > tail
        ]
        return [*first, *last]

    def _fence(self, text: str, start: int) -> str:
        """Return the mark that opens code again, when `start` lies in a piece of code."""
        if self._fences[0] != start:
            open_ = (text.count("\n```", 0, start) + text.startswith("```")) % 2
            self._fences = (start, "```\n" if open_ else "")
        return self._fences[1]

    def text(self, part: Part) -> Box:
        """Return the node of an agent's text."""
        return Box(self._key, "div", {"class": "part md"}, self.leaves(part))

    def reasoning(self, part: Part) -> Box:
        """Return the node of an agent's reasoning: folded."""
        words = "Thought" if part.closed else "Thinking…"
        head = leaf(self._key + "h", Markup("<summary>{}</summary>").format(words))
        return Box(self._key, "details", {"class": "part fold think md"}, [head, *self.leaves(part)])


def user_text(part: Part, whole: str) -> Leaf:
    """Return the node of what a user wrote: shown as typed. `whole` is the page for one too long for that."""
    if len(part.text) <= TYPED:
        return leaf(key_of(part.id), Markup('<div class="part typed">{}</div>').format(part.text))
    return leaf(
        key_of(part.id),
        Markup('<div class="part typed">{}…<p class="more"><a href="{}" data-nav>Show all ({})</a></p></div>').format(
            part.text[:KEPT], whole, size(part.text)
        ),
    )


def added_text(part: Part, whole: str) -> Leaf:
    """Return the node of a text that OpenCode added to a user's message, such as a file's content."""
    words, left_out = cut(part.text)
    more = Markup("")
    if left_out:
        more = Markup('<p class="more"><a href="{}" data-show>Show all ({})</a></p>').format(whole, size(part.text))
    return leaf(
        key_of(part.id),
        Markup(
            '<details class="part fold"><summary>Added by OpenCode</summary>'
            '<pre tabindex="0"><code>{}</code></pre>{}</details>'
        ).format(plain(words), more),
    )

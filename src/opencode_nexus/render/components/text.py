# SPDX-License-Identifier: MIT
"""The text of an agent or a user: Markdown by block, reasoning folded, and the marks for what is missing."""

from itertools import pairwise

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.blocks import Blocks
from opencode_nexus.render.components.words import mark
from opencode_nexus.render.markdown import Colour
from opencode_nexus.render.tree import Box, Leaf, key_of, leaf

GAP = (
    "Some words are missing here: Nexus could not hear them as they were said. "
    "They come back when the agent finishes this text."
)
CUT = "The text ends here because OpenCode stopped. This copy was kept by Nexus."


class Text:
    """One text part, rendered again only where it grows."""

    def __init__(self, part_id: str, colour: Colour | None) -> None:
        self._key = key_of(part_id)
        self._colour = colour
        self._pieces: list[Blocks] = []
        self._leaves: list[Leaf] = []

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
        cuts = [0, *sorted({gap for gap in part.gaps if 0 <= gap <= len(part.text)}), len(part.text)]
        del self._pieces[len(cuts) - 1 :]
        for index, (start, end) in enumerate(pairwise(cuts)):
            if index == len(self._pieces):
                self._pieces.append(Blocks(self._colour))
            piece = self._pieces[index]
            piece.feed(part.text[start:end] if part.gaps else part.text, closed=part.closed or end < cuts[-1])
            if index:
                bodies.append(str(mark(GAP, "gap")))
            bodies.extend(piece.html)
        if part.interrupted:
            bodies.append(str(mark(CUT, "cut")))
        kept = self._leaves
        self._leaves = [
            kept[i] if i < len(kept) and kept[i].body == body else Leaf(f"{self._key}.{i}", body)
            for i, body in enumerate(bodies)
        ]
        return self._leaves

    def text(self, part: Part) -> Box:
        """Return the node of an agent's text."""
        return Box(self._key, "div", {"class": "part md"}, self.leaves(part))

    def reasoning(self, part: Part) -> Box:
        """Return the node of an agent's reasoning: folded."""
        words = "Thought" if part.closed else "Thinking…"
        head = leaf(self._key + "h", Markup("<summary>{}</summary>").format(words))
        return Box(self._key, "details", {"class": "part fold think md"}, [head, *self.leaves(part)])


def user_text(part: Part) -> Leaf:
    """Return the node of what a user wrote: shown as typed."""
    return leaf(key_of(part.id), Markup('<div class="part typed">{}</div>').format(part.text))


def added_text(part: Part) -> Leaf:
    """Return the node of a text that OpenCode added to a user's message, such as a file's content."""
    return leaf(
        key_of(part.id),
        Markup(
            '<details class="part fold"><summary>Added by OpenCode</summary>'
            '<pre tabindex="0"><code>{}</code></pre></details>'
        ).format(part.text),
    )

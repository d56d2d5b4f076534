# SPDX-License-Identifier: MIT
"""How much of a text a page shows, so that the page has a bounded number of elements whatever the text is.

A text is parted from its beginning, by its characters and by its weight: so it is parted the same while it grows.
"""

import re

CHARACTERS = 16_000  # of a piece
ELEMENTS = 300  # that a piece may become, as weighed here
STEP = 500  # characters that are weighed at once, 0.1 to 0.3 ms; of nothing but marks each may be an element

# What becomes an element: lines, pairs of Markdown's marks, cells, links, marks of lists. Of 11 documents of 10 to
# 50 KB the weight was 1.2 to 2.6 times the elements, of a dozen kinds of text dense on purpose 0.7 to 2 times.
_MARKS = re.compile(
    r"\n+|`[^`\n]*`|\*{1,3}[^*\n]*\*{1,3}|\b_[^_\n]*_|~~?[^~\n]*~|\$[^$\n]*\$|\[|<[a-z!/]|\||://|\\$"
    r"|(?:^|(?<=\s))(?:[-+*]|\d+[.)]|>+|#+)(?=\s)", re.MULTILINE
)  # fmt: skip
_FENCE = "\n```"
_WORDS = re.compile(r"\w+")  # of code, of which about every third has a colour


def weight(text: str, *, code: bool = False) -> int:
    """Return about how many elements `text` becomes."""
    return len(_WORDS.findall(text)) // 3 if code else len(_MARKS.findall(text))


class Parting:
    """Where the pieces of one growing text begin."""

    def __init__(self) -> None:
        self._text = ""
        self._begin("")

    def _begin(self, text: str) -> None:
        self._begins = [0]
        self._seen = self._held = 0
        self._code = text.startswith("```")

    def begins(self, text: str) -> list[int]:
        """Return where the pieces of `text` begin; the last one may still grow."""
        if not text.startswith(self._text):
            self._begin(text)
        self._text = text
        while (end := self._seen + STEP) + len(_FENCE) <= len(text):
            self._held += weight(text[self._seen : end], code=self._code)
            self._code ^= text.count(_FENCE, self._seen, end + len(_FENCE) - 1) % 2 == 1
            self._seen = end
            if self._held >= ELEMENTS or end - self._begins[-1] >= CHARACTERS:
                self._begins.append(end)
                self._held = 0
        return self._begins

# SPDX-License-Identifier: MIT
"""Characters that a reader does not see, and that change what he does see: made visible, each as a marked token.

A right-to-left override in a command makes it read as another one, and a zero-width space makes two names look alike.
What a person decides on (a permission) and names of files are shown through `shown`.
"""

import re
import unicodedata

from markupsafe import Markup, escape

# C0 and C1 but tab and newline, soft hyphen, bidi marks, overrides and isolates, zero width, line separators,
# interlinear marks, fillers that are blank, and the tag characters, in which whole hidden sentences can stand
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
_ALIKE = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u058f\u13a0-\u13ff\uff21-\uff3a\uff41-\uff5a]")


def shown(text: object) -> Markup:
    """Return `text` escaped, with each unseen character as a token such as ⟨U+202E⟩."""
    words = str(text)
    if _UNSEEN.search(words) is None:
        return escape(words)
    out: list[str] = []
    last = 0
    for match in _UNSEEN.finditer(words):
        code = ord(match[0])
        name = unicodedata.name(match[0], "CONTROL").capitalize()
        out.append(f'{escape(words[last : match.start()])}<span class="unseen" title="{name}">⟨U+{code:04X}⟩</span>')
        last = match.end()
    return Markup("".join([*out, str(escape(words[last:]))]))


def mixed(text: str) -> list[str]:
    """Return the words of `text` that mix Latin letters with such as look like them, each once."""
    if text.isascii():
        return []
    found = (word for word in _WORD.findall(text) if _LATIN.search(word) and _ALIKE.search(word))
    return list(dict.fromkeys(found))

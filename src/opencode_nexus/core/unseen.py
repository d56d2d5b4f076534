# SPDX-License-Identifier: MIT
"""Characters that a reader does not see, and that change what he does see; on pages, in notifications, on terminals.

A right-to-left override in a command makes it read as another one, a zero-width space makes two names look alike, and
on a terminal an escape sequence takes back lines that were printed before.
"""

import re

# C0 and C1 but tab and newline, soft hyphen, bidi marks, overrides and isolates, zero width, line separators,
# interlinear marks, fillers that are blank, joiners of scripts that fonts show nothing of, and the tag characters and
# variation selectors, in which whole hidden sentences can stand: one selector behind a sign is how emoji are written
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]|(?<![\u00a9\u00ae\u2000-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff])[\ufe00-\ufe0f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WORD = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
_ALIKE = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u058f\u13a0-\u13ff\uff21-\uff3a\uff41-\uff5a]")


def token(sign: str) -> str:
    """Return what stands for one unseen character, such as ⟨U+202E⟩."""
    return f"⟨U+{ord(sign):04X}⟩"


def plain(text: str) -> str:
    """Return `text` with each unseen character as its token; tabs and line ends stay."""
    return UNSEEN.sub(lambda found: token(found[0]), text)


def harmless(text: str) -> str:
    """Return `text` for a terminal: all that is read stays, no sequence of it steers the terminal."""
    return _CONTROLS.sub(lambda found: token(found[0]), text.replace("\r\n", "\n"))


def mixed(text: str) -> list[str]:
    """Return the words of `text` that mix Latin letters with such as look like them, each once."""
    if text.isascii():
        return []
    found = (word for word in _WORD.findall(text) if _LATIN.search(word) and _ALIKE.search(word))
    return list(dict.fromkeys(found))

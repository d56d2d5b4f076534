# SPDX-License-Identifier: MIT
"""The words of a text, as the search sees them: the same for what was said and for what is looked for.

SQLite's own `unicode61` keeps a Chinese sentence as one word, and its tables are not Python's, so a snippet would
mark other words than were found. Here a text is cut into words first; the index then splits at spaces alone.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

LONGEST = 64  # characters of a word that count: a hash or a line of base64 is found by its beginning
IDENTIFIER = 48  # characters; longer ones in mixed case are base64, not names
# Written without spaces: each character is a word, and several of them are looked for as a phrase.
_SIGN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_ACCENTS = "\u0300-\u036f"
_ASCII = re.compile(r"[A-Za-z0-9]+")
_ANY = re.compile(rf"[{_SIGN}]|(?:[A-Za-z0-9]+|(?![{_SIGN}])[^\W_]|[{_ACCENTS}])+")
_MIXED = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]{2}")
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=8192)
def _folded(word: str) -> str:
    """One word without case and accents; "" when nothing of it is a letter or a digit."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(char for char in plain if char.isalnum())


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word with its beginning and end in `text`."""
    for found in (_ASCII if text.isascii() else _ANY).finditer(text):
        run = found.group()
        word = (run.lower() if run.isascii() else _folded(run))[:LONGEST]
        if word:
            yield word, found.start(), found.end()


def words(text: str) -> list[str]:
    """Return the words in order, without case and accents: `src/foo_bar.py` is src, foo, bar, py."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII.findall(text.lower())]
    return [word for word, _, _ in spans(text)]


def pieces(text: str) -> list[str]:
    """Return what names in mixed case are made of, in order: getUserName gives get, user, name; other words nothing."""
    if not _MIXED.search(text):
        return []
    found: list[str] = []
    for run in _ASCII.findall(text):
        if len(run) <= IDENTIFIER and _MIXED.search(run):
            found += [piece.lower() for piece in _PIECE.findall(run)]
    return found

# SPDX-License-Identifier: MIT
"""The piece of a text that shows why it was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from opencode_nexus.store.search_query import Term
from opencode_nexus.store.search_words import pieces, spans

WIDTH = 240  # characters
BEFORE = 60  # of them, before the first word found


@dataclass(frozen=True, slots=True)
class Snippet:
    """`text` in one line; `marks`: (start, end) of what was looked for; `cut`: whether more stands before, after."""

    text: str
    marks: tuple[tuple[int, int], ...]
    cut: tuple[bool, bool]


def snippet(text: str, terms: Sequence[Term], width: int = WIDTH) -> Snippet:
    """Return the piece of `text` that holds most of the terms; its beginning when it holds none of them."""
    found = _found(text, [term for term in terms if not term.without])
    start = 0
    best = -1
    for at, _, _ in found:
        begin = max(0, at - BEFORE)
        inside = len({which for from_, to, which in found if from_ >= begin and to <= begin + width})
        if inside > best:
            start, best = begin, inside
    while 0 < start < len(text) and start < (found[0][0] if found else 0) and text[start - 1].isalnum():
        start += 1  # not in the middle of a word
    end = min(len(text), start + width)
    piece = "".join(" " if char.isspace() else char for char in text[start:end])
    marks = tuple((max(a, start) - start, min(b, end) - start) for a, b, _ in found if a < end and b > start)
    return Snippet(piece, _apart(marks), (start > 0, end < len(text)))


def _found(text: str, terms: Sequence[Term]) -> list[tuple[int, int, int]]:
    """Where each term stands: (start, end, which), in order."""
    if not terms:
        return []
    told = list(spans(text))
    firsts: dict[str, list[tuple[int, tuple[str, ...], bool]]] = {}
    begins: list[tuple[int, str]] = []
    named: list[tuple[int, tuple[str, ...]]] = []
    for which, term in enumerate(terms):
        if term.prefix and len(term.words) == 1:
            begins.append((which, term.words[0]))
        else:
            firsts.setdefault(term.words[0], []).append((which, term.words, term.prefix))
        if term.pieces:
            firsts.setdefault(term.pieces[0], []).append((which, term.pieces, False))
        if len(term.words) == 1 or term.pieces:
            named += [(which, phrase) for phrase in term.phrases]
    found: list[tuple[int, int, int]] = []
    for index, (word, start, end) in enumerate(told):
        for which, phrase, prefix in firsts.get(word, ()):
            last = index + len(phrase) - 1
            if last < len(told) and _follows([one[0] for one in told[index : last + 1]], phrase, prefix):
                found.append((start, told[last][2], which))
        for which, begin in begins:
            if word.startswith(begin):
                found.append((start, end, which))
        run = text[start:end]
        if named and run.isascii() and not run.islower() and (made_of := pieces(run)):
            for which, phrase in named:
                if any(made_of[i : i + len(phrase)] == list(phrase) for i in range(len(made_of))):
                    found.append((start, end, which))
    return sorted(set(found))


def _follows(there: list[str], phrase: tuple[str, ...], prefix: bool) -> bool:
    if prefix:
        return there[:-1] == list(phrase[:-1]) and there[-1].startswith(phrase[-1])
    return there == list(phrase)


def _apart(marks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The marks with those that overlap joined."""
    joined: list[tuple[int, int]] = []
    for start, end in marks:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return tuple(joined)

# SPDX-License-Identifier: MIT
"""The piece of a text that shows why it was found."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opencode_nexus.store.search_query import Term
from opencode_nexus.store.search_words import pieces, spans

WIDTH = 240  # characters
LINE = 500  # characters before the piece in which the beginning of its line is looked for
BEFORE = 60  # of them, before the first word found
PLACES = 2_000  # that are looked at: "0" may stand 500,000 times in what a tool wrote

_RULE = re.compile(r"\s*[|+]?(?:\s*:?-{2,}:?\s*[|+])+(?:\s*:?-{2,}:?\s*)?")  # between a table's head and its rows
_FENCE = re.compile(r"\s*(?:```|~~~)[\w+-]*\s*")
_HEADING = re.compile(r"\s*#{1,6}\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """`text` in one line; `marks`: (start, end) of what was looked for; `cut`: whether more stands before, after."""

    text: str
    marks: tuple[tuple[int, int], ...]
    cut: tuple[bool, bool]


def snippet(text: str, terms: Sequence[Term], width: int = WIDTH) -> Snippet:
    """Return the piece of `text` that holds most of the terms; its beginning when it holds none of them."""
    found = _found(text, [term for term in terms if not term.without])
    start = _start(found, width)
    while 0 < start < len(text) and start < (found[0][0] if found else 0) and text[start - 1].isalnum():
        start += 1  # not in the middle of a word
    end = min(len(text), start + width)
    piece, places = _readable(text, start, end)
    marks = tuple(
        (bisect_left(places, a), bisect_left(places, min(b, end))) for a, b, _ in found if a < end and b > start
    )
    return Snippet(piece, _apart(marks), (start > 0, end < len(text)))


def _start(found: Sequence[tuple[int, int, int]], width: int) -> int:
    """Return where the first piece of `width` begins that holds the most terms. The window slides over all places
    once: to look at all of them from each took 6 s for 8,000.
    """
    fit = [one for one in found if one[1] - one[0] <= width]
    ends = sorted((to, which) for _, to, which in fit)
    count: Counter[int] = Counter()
    start = came = gone = inside = 0
    best = -1
    for at, _, _ in found:
        begin = max(0, at - BEFORE)
        while came < len(ends) and ends[came][0] <= begin + width:
            count[ends[came][1]] += 1
            inside += count[ends[came][1]] == 1
            came += 1
        while gone < len(fit) and fit[gone][0] < begin:
            count[fit[gone][2]] -= 1
            inside -= count[fit[gone][2]] == 0
            gone += 1
        if inside > best:
            start, best = begin, inside
    return start


def _readable(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """Return a piece of a text in one line without what makes tables and headings of it, and where each character is.

    Cells have a dot between them. What a bar or a sign is elsewhere (`a | b`, `#tag`) stays.
    """
    line = text.rfind("\n", max(0, start - LINE), start) + 1 or max(0, start - LINE)
    shown: list[str] = []
    places: list[int] = []

    def say(char: str, at: int) -> None:
        if char == " " and (not shown or shown[-1] == " "):
            return
        shown.append(char)
        places.append(at)

    while line < end:
        stop = text.find("\n", line, end)
        stop = end if stop < 0 else stop
        row = text[line:stop]
        if _RULE.fullmatch(row) or _FENCE.fullmatch(row):
            begin = stop
        else:
            found = _HEADING.match(row)
            begin = line + (found.end() if found else 0)
        bars = row.lstrip().startswith("|")
        for at in range(max(begin, start), stop):
            char = text[at]
            if bars and char == "|" and text[at - 1] != "\\":
                if text[line:at].strip(" |") and text[at + 1 : stop].strip(" |"):
                    say(" ", at)
                    say("·", at)
                say(" ", at)
            else:
                say(" " if char.isspace() else char, at)
        say(" ", stop)
        line = stop + 1
    while shown and shown[-1] == " ":
        shown.pop()
        places.pop()
    return "".join(shown), places


def _found(text: str, terms: Sequence[Term]) -> list[tuple[int, int, int]]:
    """Where each term stands: (start, end, which), in order."""
    if not terms:
        return []
    told = list(spans(text))
    firsts: dict[str, list[tuple[int, Term]]] = {}
    begins = [(which, term) for which, term in enumerate(terms) if term.prefix and len(term.words) == 1]
    for which, term in enumerate(terms):
        if not term.prefix or len(term.words) > 1:
            firsts.setdefault(term.words[0], []).append((which, term))
    found: set[tuple[int, int, int]] = set()
    for index, (word, start, end) in enumerate(told):
        if len(found) >= PLACES:
            break
        for which, term in firsts.get(word, ()):
            last = index + len(term.words) - 1
            if last < len(told) and _follows([one[0] for one in told[index : last + 1]], term):
                found.add((start, told[last][2], which))
        if begins:
            found |= {(start, end, which) for which, term in begins if word.startswith(term.words[0])}
        run = text[start:end]
        if not run.islower() and run.isascii() and (made_of := pieces(run)):
            for which, term in enumerate(terms):
                length = len(term.words)
                if any(_follows(made_of[i : i + length], term) for i in range(len(made_of) - length + 1)):
                    found.add((start, end, which))
    return sorted(found)


def _follows(there: list[str], term: Term) -> bool:
    """Whether these words, as many as the term has, are the term's."""
    last = there[-1].startswith(term.words[-1]) if term.prefix else there[-1] == term.words[-1]
    return last and there[:-1] == list(term.words[:-1])


def _apart(marks: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The marks with those that overlap joined."""
    joined: list[tuple[int, int]] = []
    for start, end in marks:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return tuple(joined)

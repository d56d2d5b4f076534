# SPDX-License-Identifier: MIT
"""What a person types into the search: every word must be there, "these words together", -not this, begin*.

Anything else they type is words too, so that no input is an error.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from opencode_nexus.store.search_words import pieces, words

LONGEST, MOST = 1000, 24  # characters of a query, and words of it, that count
BEGIN = 2  # letters that a beginning needs: all words with one letter took 90 to 180 ms over 200,000 messages
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})
_TERM = re.compile(r'(?<!\S)(-(?=[^\W_]|"))?"([^"]*)(?:"|$)|(?<!\S)(-(?=[^\W_]))?([^\s"]+)|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: `words` one after the other, or `pieces` so, which a name in mixed case is made of.

    `prefix`: the last word may go on. `without`: it must not be there.
    """

    words: tuple[str, ...]
    pieces: tuple[str, ...] = ()
    prefix: bool = False
    without: bool = False

    @property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        return (self.words, self.pieces) if self.pieces else (self.words,)


def parse(typed: str) -> list[Term]:
    """Return what is looked for; [] when there is no word in it."""
    terms: list[Term] = []
    for found in _TERM.finditer(typed[:LONGEST].translate(_QUOTES)):
        minus, quoted, bare_minus, bare, glued = found.groups()
        text = next(one for one in (quoted, bare, glued) if one is not None)
        wanted = tuple(words(text))
        if not wanted:
            continue
        prefix = quoted is None and text.endswith("*") and len(wanted[-1]) >= BEGIN
        made_of = tuple(pieces(text)) if quoted is None and not prefix else ()
        terms.append(Term(wanted, made_of if made_of != wanted else (), prefix, bool(minus or bare_minus)))
    return terms[:MOST]


def beginning(terms: list[Term]) -> list[Term]:
    """The same, with the last word taken for the beginning of one: for results while somebody types."""
    if not terms or terms[-1].without or len(terms[-1].words[-1]) < 3:
        return terms
    return [*terms[:-1], Term(terms[-1].words, (), True)]


def expression(terms: Iterable[Term], tags: Iterable[str]) -> str:
    """Return it as FTS5 takes it. `tags`: all must be there; words of ours, none of them typed.

    Words hold letters and digits alone, so that quotes around them are all the escaping there is to do.
    """
    terms = list(terms)
    wanted = " AND ".join(_term(term) for term in terms if not term.without)
    unwanted = " OR ".join(_term(term) for term in terms if term.without)
    of = "tags : (" + " AND ".join(f'"{tag}"' for tag in tags) + ")"
    found = f"{{words names}} : ({wanted}) AND {of}" if wanted else of
    return f"({found}) NOT {{words names}} : ({unwanted})" if unwanted else found


def _term(term: Term) -> str:
    ways = [f'"{" ".join(phrase)}"' for phrase in term.phrases]
    return "(" + " OR ".join(ways) + (" *" if term.prefix else "") + ")"

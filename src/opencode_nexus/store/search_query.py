# SPDX-License-Identifier: MIT
"""What a person types into the search: every word must be there, "these words together", -not this, begin*.

Anything else they type is words too, so that no input is an error.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from opencode_nexus.store.search_words import words

LONGEST, MOST = 1000, 24  # characters of a query, and words of it, that count
BEGIN = 2  # letters that a beginning needs: all words with one letter took 90 to 180 ms over 200,000 messages
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})
_TERM = re.compile(r'(?<!\S)(-(?=[^\W_]|"))?"([^"]*)(?:"|$)|(?<!\S)(-(?=[^\W_]))?([^\s"]+)|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: `words`, one after the other. `prefix`: the last may go on. `without`: it must be absent.

    A name in mixed case is one word here, although a text is found by its pieces too: to look for the pieces of what
    was typed as well took up to 30 ms more, since they are common words.
    """

    words: tuple[str, ...]
    prefix: bool = False
    without: bool = False


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
        terms.append(Term(wanted, prefix, bool(minus or bare_minus)))
    return terms[:MOST]


def beginning(terms: list[Term]) -> list[Term]:
    """The same, with the last word taken for the beginning of one: for results while somebody types."""
    if not terms or terms[-1].without or len(terms[-1].words[-1]) < 3:
        return terms
    return [*terms[:-1], Term(terms[-1].words, True)]


def expression(terms: Iterable[Term], tags: Iterable[str]) -> str:
    """Return it as FTS5 takes it. `tags`: all must be there; words of ours, none of them typed. Of terms that are
    wanted or tags there must be one.

    Words hold letters and digits alone, so that quotes around them are all the escaping there is to do.
    """
    terms = list(terms)
    wanted = " AND ".join(_term(term) for term in terms if not term.without)
    unwanted = " OR ".join(_term(term) for term in terms if term.without)
    of = " AND ".join(f'"{tag}"' for tag in tags)
    found = " AND ".join(part for part in (wanted and f"{{words names}} : ({wanted})", of and f"tags : ({of})") if part)
    return f"({found}) NOT {{words names}} : ({unwanted})" if unwanted else found


def _term(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + (" *" if term.prefix else "")

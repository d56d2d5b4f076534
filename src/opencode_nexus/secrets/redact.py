# SPDX-License-Identifier: MIT
"""Secrets that cannot be printed by accident, and two nets for those that are text already.

The first net knows: what was a `Secret` in this process is taken out of each text that passes `redact`, also as an
address writes it. The second one guesses, by the shape of a text and by what stands before it.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

DOTS = "•••"
SHORT = 6  # characters; a shorter "secret" would tear holes into ordinary text
KNOWN = 256  # forms that the first net holds, the newest; 40 µs a line when it holds so many
LONG = 8  # characters; a shorter one is not looked for in every text

_QUOTE = r"(?:b?[\"'])?"
_NAME = r"(?:password|passwd|passphrase|secret|token|api[_-]?key|credentials?)"
_NAMES = ("passw", "passp", "secret", "token", "api", "credential")

# Clues, of which a text must have one in small letters before it is searched (most lines have none, and pay 4 µs), and
# the pattern; its first group is kept.
_NETS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (
        ("authorization", "api-key"),
        re.compile(
            rf"(?i)((?:authorization|x-api-key){_QUOTE}\s*[:=,]\s*[\[(]*{_QUOTE})(?:(?:basic|bearer|digest|token)\s+)?[^\s\"',;)\]]+"
        ),
    ),
    (("cookie",), re.compile(rf"(?i)(cookie{_QUOTE}\s*[:,]\s*[\[(]*{_QUOTE})[^\s=\"'\[]+=[^\r\n\"'\])]+")),
    (("cf-access-",), re.compile(r"(?i)(cf-access-[a-z-]+\"?\s*:\s*)(?:\[[^\]]*\]|[^\s\[]+)")),
    (_NAMES, re.compile(rf"(?i)({_NAME}[=:])(?![\s\"'])[^\s&\"',;)}}\]]+")),  # of an address, an environment, a flag
    (_NAMES, re.compile(rf"(?i)({_NAME}[\"']?\s*[:=]\s*[\"'])[^\"']+")),  # of JSON, and of a dict that was printed
    (("link=", "code=", "nonce=", "t="), re.compile(r"(?i)([?&#](?:link|code|nonce|t)=)[^\s&\"'#]+")),  # our own links
    (("@",), re.compile(r"(://)[^\s/@:]+:[^\s/@]+(?=@)")),
    (("private key",), re.compile(r"(?s)()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)")),
    (("eyj",), re.compile(r"()\beyJ[A-Za-z0-9+/_=.-]{40,}")),  # every JWT and every tunnel's token begins like that
    (("sk-",), re.compile(r"()\bsk-[A-Za-z0-9_-]{16,}")),  # the shape of most providers' keys
    (
        ("nxt_", "gh", "glpat-", "xox", "akia", "aiza", "hf_", "gsk_", "xai-"),
        re.compile(
            r"()\b(?:nxt_|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza|hf_|gsk_|xai-)[A-Za-z0-9_-]{16,}"
        ),
    ),
)  # fmt: skip

_known: dict[str, None] = {}  # in the order in which they came


class Secret:
    """A secret text: `reveal()` gives it, everything else shows dots; from now on `redact` knows it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        _remember(text)

    def reveal(self) -> str:
        """Return the text itself; call it only where it is handed to whom it is meant for."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({DOTS})"

    def __str__(self) -> str:
        return DOTS

    def __format__(self, spec: str) -> str:
        return DOTS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:  # pickle and copy would carry it to where nobody watches
        raise TypeError("a Secret cannot be serialised")


def _remember(text: str) -> None:
    """Let the first net hold `text`, and what an address makes of it. Any thread."""
    if len(text) < LONG:
        return
    for form in {text, quote(text, safe="")}:
        _known.pop(form, None)  # it is the newest again
        _known[form] = None
    while len(_known) > KNOWN:
        try:
            _known.pop(next(iter(_known)), None)
        except (RuntimeError, StopIteration):  # another thread was at it as well
            break


def without_known(text: str, more: Iterable[Secret] = ()) -> str:
    """Return `text` with dots for every secret that this process knows, and for `more`: the first net alone."""
    for value in (*tuple(_known), *(secret.reveal() for secret in more)):
        if value in text and len(value) >= SHORT:
            text = text.replace(value, DOTS)
    return text


def redact(text: str, known: Iterable[Secret] = ()) -> str:
    """Return `text` with dots for the `known` secrets, those that this process knows, and what looks like one."""
    text = without_known(text, known)
    small = text.lower()
    for clues, pattern in _NETS:
        for clue in clues:
            if clue in small:
                text = pattern.sub(rf"\1{DOTS}", text)
                break
    return text

# SPDX-License-Identifier: MIT
"""Secrets that cannot be printed by accident, and a net for those that are text already."""

import re
from collections.abc import Iterable

DOTS = "•••"
SHORT = 6  # characters; a shorter "secret" would tear holes into ordinary text

_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?i)(?<=authorization: )(?:basic|bearer) [^\s\"']+"),
    re.compile(r"(?<=[?&]auth_token=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=password[=:])[^\s&\"',;]+"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),  # the shape of most providers' keys
)


class Secret:
    """A secret text: `reveal()` gives it, everything else shows dots."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

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


def redact(text: str, known: Iterable[Secret] = ()) -> str:
    """Return `text` with the `known` secrets, and what looks like one, replaced by dots."""
    for secret in known:
        if len(value := secret.reveal()) >= SHORT:
            text = text.replace(value, DOTS)
    for pattern in _PATTERNS:
        text = pattern.sub(DOTS, text)
    return text

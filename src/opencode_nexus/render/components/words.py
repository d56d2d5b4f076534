# SPDX-License-Identifier: MIT
"""Small pieces of text: amounts, lengths, and long text cut for the page."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.bounds import HEAD, LEFT_OUT

LINES = 60
CHARACTERS = 4000


def count(number: float) -> str:
    """Return a whole number with thousands apart, such as "12,400"."""
    return f"{int(number):,}"


def money(dollars: float) -> str:
    """Return an amount of US dollars, with as many digits as it needs to be seen."""
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.4f}"


def seconds(value: float) -> str:
    """Return a short time, such as "0.4 s", "12 s" or "3 min 5 s"."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def size(text: str) -> str:
    """Return how long `text` is, in KB of UTF-8, with what is not kept of it here."""
    long = len(text) if text.isascii() else len(text.encode())
    if long > HEAD and (found := LEFT_OUT.search(text, HEAD, HEAD + 99)):
        long += int(found[1].replace(",", ""))
    return f"{max(1, round(long / 1000)):,} KB"


def cut(text: str, *, end: bool = False, lines: int = LINES, characters: int = CHARACTERS) -> tuple[str, bool]:
    """Return (what a page shows of `text`, whether something is left out); `end` keeps its end."""
    if len(text) <= characters and text.count("\n") <= lines:
        return text, False
    part = text[-characters:] if end else text[:characters]  # first: of 10 MB nothing else is looked at
    rows = part.split("\n")
    return "\n".join(rows[-lines:] if end else rows[:lines]), True


def one_line(value: Any, limit: int = 160) -> str:
    """Return `value` as one line of at most `limit` characters."""
    line = " ".join(str(value)[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def provider_error(error: dict[str, Any]) -> tuple[str, str]:
    """Return (kind, message) of an error as OpenCode gave it: `{name, data: {message}}`; the message is the
    provider's own."""
    data = error.get("data") or {}
    message = data.get("message") or error.get("message") or ""
    return str(error.get("name") or "Error"), str(message)


def mark(words: str, kind: str = "") -> Markup:
    """Return one line that says what is missing or was cut off."""
    return Markup('<p class="mark{}" role="note">{}</p>').format(f" {kind}" if kind else "", words)

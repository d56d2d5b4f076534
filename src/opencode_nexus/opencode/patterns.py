# SPDX-License-Identifier: MIT
"""OpenCode's patterns in permissions: what they match, and what they allow, in words."""

import functools
import re
from collections.abc import Sequence


def _units(text: str) -> str:
    """The text as JavaScript counts it: a character beyond 16 bits is two, so that "?" is not wider here."""
    if text.isascii():
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    words = _units(pattern.replace("\\", "/"))
    tail = words.endswith(" *")  # "ls *" allows "ls" alone too
    pieces = (words[:-2] if tail else words).split("*")
    first, *rest = ("".join("." if letter == "?" else re.escape(letter) for letter in piece) for piece in pieces)
    # each piece but the last is taken where it comes first, for good: gone back for, 8 stars took 16 s for 60 letters
    regex = "".join([first, *(f"(?>.*?{piece})" for piece in rest[:-1]), *(f".*{piece}" for piece in rest[-1:])])
    return re.compile(regex + "( .*)?" * tail, re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether OpenCode's wildcard `pattern` stands for `text`: "*" for anything, "?" for one letter."""
    return _compiled(pattern).fullmatch(_units(text.replace("\\", "/"))) is not None


_WHAT = {
    "bash": ("run every command", "run commands that match"),
    "edit": ("change every file", "change files that match"),
    "write": ("write every file", "write files that match"),
    "read": ("read every file", "read files that match"),
    "external_directory": ("use every folder outside the project", "use what lies outside the project at"),
    "webfetch": ("fetch every web page", "fetch web pages that match"),
    "websearch": ("search the web for anything", "search the web for"),
    "task": ("start every sub-agent", "start the sub-agents"),
    "skill": ("use every skill", "use the skills"),
    "doom_loop": ("go on whenever it repeats itself", "go on although it repeats"),
}


def words(permission: str, patterns: Sequence[str]) -> str:
    """What a rule lets an agent do, as the end of "It may …"."""
    every, some = _WHAT.get(permission, (f"use {permission} for anything", f"use {permission} for"))
    return every if "*" in patterns else f"{some} {', '.join(patterns)}"

# SPDX-License-Identifier: MIT
"""A length of time on the command line, such as 90s, 30m, 8h or 2d."""

import re

import typer

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
NEVER = 0.0  # what `never` is read as, to take away a time that was set


def seconds(text: str) -> float:
    """Return `text` in seconds, `NEVER` for "never"; raises typer.BadParameter."""
    if text == "never":
        return NEVER
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if match is None or match[2] not in _UNITS or not int(match[1]):
        raise typer.BadParameter("give a length of time such as 30m, 8h or 2d, or never")
    return float(int(match[1]) * _UNITS[match[2]])

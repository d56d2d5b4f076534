# SPDX-License-Identifier: MIT
"""Rows on a terminal, or JSON: what every command with --json prints through."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opencode_nexus.core.unseen import plain

Row = Mapping[str, Any]
Column = tuple[str, str | Callable[[Row], object]]  # heading, and the key or a function of the row


def show(rows: Sequence[Row], columns: Sequence[Column], *, as_json: bool, empty: str) -> None:
    """Print `rows` as a table with `columns`, or as a JSON list of all they hold; `empty` when none."""
    if as_json:
        return show_json(list(rows))
    if not rows:
        return print(empty)
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, _ in columns:
        table.add_column(heading, no_wrap=not sys.stdout.isatty())
    for row in rows:
        cells = (row.get(key) if isinstance(key, str) else key(row) for _, key in columns)
        table.add_row(*(Text("-" if cell in (None, "") else plain(str(cell))) for cell in cells))
    # into a pipe or file every row stays one line, however long
    Console(width=None if sys.stdout.isatty() else 10_000, highlight=False).print(table)


def show_json(value: object) -> None:
    """Print `value` as JSON, one document, for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def span(seconds: float | None) -> str:
    """Return a length of time in words that fit a column, such as `3 h 4 min`; empty when it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    for big, big_name, small, small_name in ((days, "d", hours, "h"), (hours, "h", minutes, "min")):
        if big:
            return f"{big} {big_name} {small} {small_name}"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def moment(epoch: float | None) -> str:
    """Return a time in epoch seconds as local date and time; empty when there is none."""
    if epoch is None:
        return ""
    return datetime.fromtimestamp(epoch, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

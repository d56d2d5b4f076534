# SPDX-License-Identifier: MIT
"""A row of the table of checks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked

Look = Callable[[Around], Awaitable[Looked]]
Fix = Callable[[Around], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Row:
    """One check. `fix` looks again and mends what it finds then; None: only a person can."""

    id: str
    title: str
    look: Look
    fix: Fix | None = None

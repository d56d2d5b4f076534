# SPDX-License-Identifier: MIT
"""Who may forbid that a session is given more to do: the budgets."""

from collections.abc import Callable

Guard = Callable[[str, str], None]
"""Called with server id and session id; returns when the session may go on, else raises a NexusError."""


class Guards:
    """All of them. Asked on the event loop before whatever makes a model work; each must answer at once."""

    def __init__(self) -> None:
        self._all: list[Guard] = []

    def add(self, guard: Guard) -> None:
        self._all.append(guard)

    def check(self, server_id: str, session_id: str) -> None:
        """Raise the first guard's error, if one forbids it."""
        for guard in self._all:
            guard(server_id, session_id)

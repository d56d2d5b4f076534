# SPDX-License-Identifier: MIT
"""An account as people see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserInfo:
    """An account as people see it; times in epoch seconds, `locked` as (source, until)."""

    id: str
    name: str
    created: float
    password_changed: float
    last_login: float | None
    logins: int
    locked: tuple[tuple[str, float], ...]

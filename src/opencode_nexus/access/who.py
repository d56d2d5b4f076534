# SPDX-License-Identifier: MIT
"""Who asks, and what that one may do."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["session", "token", "local", "setup"]

SCOPES: dict[str, str] = {
    "all": "Everything that the API offers.",
    "read": "Read through the API, and follow its events. Changes nothing.",
    "metrics": "Read /metrics, and nothing else.",
}
"""Scope of an API token → what it allows; page, command, API reference and docs show this table."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_READ_BY_POST = frozenset({"/api/v1/events", "/api/v1/logs/tail"})  # streamed GETs do not pass quick tunnels


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who was let in.

    `name` for people; `via` how they came; `scopes` from `SCOPES`; `user_id` the account ("" for the local
    key and during set-up); `key` the id of the login or token, by which it can end; `expires` epoch seconds,
    None: never.
    """

    name: str
    via: Via
    scopes: frozenset[str] = frozenset({"all"})
    user_id: str = ""
    key: str = ""
    expires: float | None = None

    def may(self, method: str, path: str) -> bool:
        """Whether the scopes cover `method` at `path` (below the base path)."""
        if "all" in self.scopes:
            return True
        if path == "/metrics" and "metrics" in self.scopes:
            return method in _SAFE
        if "read" in self.scopes and path.startswith("/api/"):
            return method in _SAFE or path in _READ_BY_POST
        return False

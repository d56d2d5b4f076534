# SPDX-License-Identifier: MIT
"""Where people read what happened to accounts and devices."""

from typing import Literal, Protocol


class ActivityLog(Protocol):
    """Where people read what happened (`store.activity.Activity`)."""

    async def add(
        self,
        kind: str,
        text: str,
        *,
        level: Literal["info", "success", "warning", "error"] = "info",
        server_id: str | None = None,
    ) -> object: ...

# SPDX-License-Identifier: MIT
"""What pages need from the store, as protocols: `web` never imports it, `app.py` hands it in."""

from collections.abc import Sequence
from typing import Any, Protocol


class ActivityLine(Protocol):
    """One line of recent activity; `at` in epoch seconds."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def server_id(self) -> str | None: ...


class ActivityLog(Protocol):
    """The recent activity (`store.activity.Activity`)."""

    def recent(self, limit: int = 10) -> Sequence[ActivityLine]: ...


class EditableSettings(Protocol):
    """Small named values (`store.kv.Kv`): the settings page keeps its entries under "settings"."""

    def get(self, key: str, default: Any = None) -> Any: ...
    async def set(self, key: str, value: Any) -> None: ...

# SPDX-License-Identifier: MIT
"""The hub itself."""

from typing import Any

from pydantic import BaseModel, Field


class Status(BaseModel):
    """The hub as it is now."""

    version: str
    boot: str = Field(description="Another value means that the hub was started anew.")
    pid: int
    address: str
    home: str
    started: float
    uptime: float
    setup_done: bool
    servers: int
    servers_running: int
    sessions_running: int
    waiting: int = Field(description="Permissions and questions of all servers that wait for an answer.")


class EventTopics(BaseModel):
    """Which events to send."""

    topics: list[str] = Field(
        default_factory=list, description="server, session, inbox, tunnel, activity, alert; none: all of them."
    )


class Problem(BaseModel):
    """An error (RFC 9457). Some kinds carry more members."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    errors: list[dict[str, Any]] | None = Field(None, description="For wrong input: each field and what is wrong.")

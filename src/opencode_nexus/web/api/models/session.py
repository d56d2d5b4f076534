# SPDX-License-Identifier: MIT
"""Sessions: one is one conversation with an agent."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.message import MessageError


class Session(BaseModel):
    """A session in a list."""

    id: str
    title: str
    project: str = Field(description="The folder that it works in.")
    parent_id: str | None = Field(description="The session that started it as a sub-agent.")
    created: float
    updated: float
    status: Literal["idle", "busy", "retry"]
    waiting: int = Field(description="Permissions and questions that wait for an answer.")
    error: MessageError | None = Field(description="Why its last turn failed, until the next begins or the hub stops.")
    archived: float | None = Field(None, description="Since when it is in the archive; null: it is not.")
    pinned: bool = False


class Unlisted(BaseModel):
    """A folder whose sessions OpenCode could not list."""

    project: str
    reason: str


class Sessions(Items[Session]):
    """A page of sessions."""

    unlisted: list[Unlisted] = Field(description="The folders whose sessions are missing in it, and why.")


class NewSession(BaseModel):
    """What a new session is to be."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=200, description="Empty: OpenCode makes one from the first message.")
    project: str | None = Field(None, description="One of the server's folders; null: its first.")


class SessionTitle(BaseModel):
    """A new title."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=200)

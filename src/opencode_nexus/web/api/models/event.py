# SPDX-License-Identifier: MIT
"""The timeline."""

from typing import Literal

from pydantic import BaseModel, Field

EventGroup = Literal["server", "chat", "inbox", "login", "tunnel", "alert", "backup", "hub"]


class Event(BaseModel):
    """One line of the timeline."""

    id: int
    at: float = Field(description="Epoch seconds.")
    kind: str = Field(description="What happened, such as server-started.")
    group: str = Field(
        description="server, chat, inbox, login, tunnel, alert, backup or hub; empty: of an older version."
    )
    level: str = Field(description="info, success, warning or error.")
    words: str = Field(description="The kind for people.")
    text: str = Field(description="What happened, in a sentence.")
    server_id: str | None
    tunnel_id: str | None
    session_id: str | None

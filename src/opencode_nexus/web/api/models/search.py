# SPDX-License-Identifier: MIT
"""What a search finds, and how far its index is."""

from typing import Literal

from pydantic import BaseModel, Field


class Hit(BaseModel):
    """One part of a message, or the title of a session, that was found."""

    server_id: str
    session_id: str = Field(description="The session it stands in; it may be a sub-agent's.")
    root_id: str = Field(description="The session that a person began.")
    title: str = Field(description="The session's title.")
    project: str
    message_id: str | None = Field(description="null: it is the title that was found.")
    part_id: str | None
    role: Literal["title", "user", "agent", "reasoning", "tool", "file"]
    tool: str | None = Field(description="Which tool it was, such as bash.")
    created: float = Field(description="When the message began.")
    snippet: str = Field(description="The piece of it that was found, in one line.")
    marks: list[tuple[int, int]] = Field(description="Where in `snippet` the words stand, in characters: [start, end).")
    url: str = Field(description="The page that shows the message, below the hub's address.")


class Hits(BaseModel):
    """A page of hits, best first."""

    items: list[Hit]
    next: str | None = Field(None, description="Send it as `before` to get the page after; null: there is none.")
    newest_only: bool = Field(description="So much was found that only the newest 3,000 were ranked.")
    no_word: bool = Field(description="`q` has signs alone, which are not in the index: nothing was looked for.")


class IndexedServer(BaseModel):
    """How far one server is read."""

    id: str
    name: str
    running: bool
    sessions_left: int = Field(description="Sessions of which something is not in the index yet.")


class SearchStatus(BaseModel):
    """How far the search index is."""

    messages: int
    sessions: int
    bytes: int = Field(description="On the disk.")
    up_to_date: bool = Field(description="Whether it has all that the running servers have.")
    rebuilding: bool
    problem: str = Field(description="What stands in its way; empty: nothing.")
    servers: list[IndexedServer]

# SPDX-License-Identifier: MIT
"""Messages: one turn of a conversation, made of parts."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """One piece of a message. For a tool, `tool`, `state`, `input` and `output` say what it did."""

    id: str
    type: str = Field(description="text, reasoning, tool, file, patch, step-start, … as OpenCode names it.")
    text: str | None = Field(description="The text, once and raw; null for parts that have none.")
    state: str | None = Field(description="open, closed or interrupted; for a tool, as OpenCode names it.")
    gaps: list[int] = Field(description="Offsets in `text` at which words may be missing until it is closed.")
    tool: str | None = None
    input: dict[str, Any] | None = None
    output: str | None = None
    error: str | None = None
    filename: str | None = Field(None, description="For a file: its name, and what kind it is.")
    mime: str | None = None


class MessageError(BaseModel):
    """What went wrong, as the provider or OpenCode said it."""

    name: str
    message: str


class Message(BaseModel):
    """One turn of the user or the agent."""

    id: str
    role: Literal["user", "assistant"]
    state: Literal["running", "done", "failed", "interrupted"]
    created: float
    completed: float | None
    model: str | None = Field(description="provider/model, when it is known.")
    agent: str | None
    error: MessageError | None
    parts: list[Part]


class NewMessage(BaseModel):
    """What is said to the agent."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4_000_000)
    model: str | None = Field(None, pattern=r"^[^/\s]+/\S+$", description="As provider/model; null: the default.")
    agent: str | None = Field(None, min_length=1, description="Null: the default.")
    variant: str | None = Field(None, min_length=1, description="How much the model thinks, by its name for it.")
    files: list[str] = Field([], max_length=100, description="Ids of files that were brought for this session.")
    typed: bool = Field(
        False, description="As in the chat: it waits while the agent works, and `/command`, `!line`, `@name` are meant."
    )


class Accepted(BaseModel):
    """The message is on its way; the answer comes over the session's messages and the events."""

    accepted: bool = True
    queued: bool = Field(False, description="It waits in the session's queue until the agent is done.")

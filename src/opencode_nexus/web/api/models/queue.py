# SPDX-License-Identifier: MIT
"""What waits until the agent is done, and files that go with a message."""

from pydantic import BaseModel, ConfigDict, Field


class Queued(BaseModel):
    """A message that is sent when the agent is done."""

    id: str
    text: str
    model: str | None
    agent: str | None
    variant: str | None
    files: list[str] = Field(description="Ids of the files that go with it.")
    at: float
    held: str = Field(description="Why it is not sent by itself; empty: it is.")


class QueuedText(BaseModel):
    """Another text."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4_000_000)


class AttachedFile(BaseModel):
    """A file that was brought for the next message of a session; it is let go after some days without one."""

    id: str = Field(description="Give it with the message, in `files`.")
    name: str
    mime: str = Field(description="By what is in it.")
    size: int = Field(description="Bytes.")

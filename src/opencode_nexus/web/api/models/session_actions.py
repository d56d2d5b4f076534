# SPDX-License-Identifier: MIT
"""What is done with a session: undo, fork, stop, delete, import."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from opencode_nexus.web.api.models.session import Session


class Brief(BaseModel):
    """A message to know it by."""

    id: str
    role: str
    at: float
    words: str = Field(description="How it begins.")


class Interrupted(BaseModel):
    """A session whose turn was cut off; `continue` goes on with it."""

    session_id: str
    title: str
    at: float
    reason: str


class FileChange(BaseModel):
    """What was done to a file since then, in lines; all turns together."""

    path: str
    additions: int
    deletions: int
    status: str = Field(description="added, modified or deleted.")


class Undone(BaseModel):
    """What an undo changes."""

    message_id: str = Field(description="The user's message from which on all is undone.")
    messages: list[Brief]
    files: list[FileChange]
    snapshots: bool = Field(description="Whether OpenCode keeps snapshots of this folder; else no file is put back.")


class FromMessage(BaseModel):
    """The message from which on."""

    model_config = ConfigDict(extra="forbid")

    message_id: str = Field(min_length=1, max_length=80)


class ForkAt(BaseModel):
    """Where a fork ends."""

    model_config = ConfigDict(extra="forbid")

    message_id: str | None = Field(None, max_length=80, description="The last message that is copied; null: all are.")
    included: bool = Field(True, description="False: the copy ends right before it.")


class CompactWith(BaseModel):
    """Which model sums up."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(
        None, pattern=r"^[^/\s]+/\S+$", description="As provider/model; null: that of the last turn."
    )


class StoppedCommand(BaseModel):
    """A command that an agent ran."""

    command: str
    ended: bool | None = Field(description="Whether its processes are gone; null: they were not found.")
    pids: list[int] = Field(description="Its processes that still run.")


class Stopped(BaseModel):
    """What stopping did."""

    aborted: bool = Field(description="Whether the session had stopped when this was answered.")
    sessions: list[str] = Field(description="The sessions that were running: this one and its sub-agents.")
    withdrawn: int = Field(description="Permissions and questions that were turned down, as nobody waits for them.")
    commands: list[StoppedCommand]
    words: str = Field(description="The same in words, as the chat shows it.")


class Deleted(BaseModel):
    """A session that was deleted and can be brought back until `due`."""

    id: str
    title: str
    deleted: float
    due: float


class Family(BaseModel):
    """Whom a session works for, who else does, and its own sub-agents."""

    parent: Session | None
    siblings: list[Session]
    children: list[Session]


class Imported(BaseModel):
    """What an import did."""

    id: str
    title: str
    messages: int = Field(description="Messages in the file.")
    came: int = Field(description="Messages that are there now; fewer when OpenCode had some of their ids already.")


ExportFormat = Literal["json", "markdown"]

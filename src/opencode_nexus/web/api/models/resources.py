# SPDX-License-Identifier: MIT
"""What servers and the machine take, and what OpenCode keeps on the disk."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from opencode_nexus.web.api.models.server import ServerLimits

_UNKNOWN = "Null: not known."


class ProcessUsage(BaseModel):
    """One process of a server's tree, parents first."""

    pid: int
    parent: int
    depth: int = Field(description="0 is OpenCode itself.")
    kind: Literal["server", "language server", "MCP server", ""] = Field(description="Told from the command alone.")
    command: str = Field(description="Shortened, without secrets.")
    cpu: float | None = Field(description="Per cent of one core. Null: seen only once so far.")
    memory: int = Field(description="Resident bytes.")
    files: int | None = Field(description=f"Open files, sockets and pipes. {_UNKNOWN}")


class Resources(BaseModel):
    """What a server's whole process tree takes now."""

    server_id: str
    cpu: float | None = Field(description=f"Per cent of one core. {_UNKNOWN}")
    memory: int | None = Field(description=f"Resident bytes, added up as ps does. {_UNKNOWN}")
    own: int | None = Field(description=f"Bytes without the pages that it shares with others. {_UNKNOWN}")
    files: int | None = Field(description=_UNKNOWN)
    processes: int | None = Field(description=_UNKNOWN)
    disk: int | None = Field(description=f"Bytes that its OpenCode keeps. {_UNKNOWN}")
    members: list[ProcessUsage]
    limits: ServerLimits
    guard: str = Field(description="What the guard of the limits has to say of it.")
    way: str = Field(description="How limits are kept on this machine.")


class Measured(BaseModel):
    """A figure at a time."""

    at: float
    value: float


class DiskItem(BaseModel):
    """Something that may be deleted."""

    id: str
    kind: Literal["snapshots", "outputs", "logs", "cache", "database"]
    title: str
    path: str
    bytes: int
    files: int
    loses: str = Field(description="What is lost with it.")


class DiskPart(BaseModel):
    """What one kind of files takes."""

    kind: Literal["database", "snapshots", "outputs", "logs", "cache", "other"]
    bytes: int = Field(description="Of the disk, as du counts it.")
    files: int


class DiskUse(BaseModel):
    """What a server's OpenCode keeps on the disk."""

    server_id: str
    data: str
    cache: str
    at: float
    total: int
    parts: list[DiskPart]
    items: list[DiskItem] = Field(description="What may be deleted, the largest first.")
    users: list[str] = Field(description="Names of the servers that run on it; nothing is deleted while there are any.")
    sharing: list[str] = Field(description="Names of the other servers that keep all in the same place.")


class Cleaning(BaseModel):
    """What to delete."""

    model_config = ConfigDict(extra="forbid")

    items: list[str] = Field(min_length=1, max_length=1000, description="Ids, as the disk use lists them.")


class Cleaned(BaseModel):
    """What was deleted."""

    bytes: int
    items: list[DiskItem]

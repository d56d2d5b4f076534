# SPDX-License-Identifier: MIT
"""Servers: one is one OpenCode process with its project folders."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Server(BaseModel):
    """A server as it is now; what is not known is null."""

    id: str
    name: str
    projects: list[str] = Field(description="Folders that are open on it.")
    state: Literal["stopped", "starting", "running", "stopping", "failed"]
    pid: int | None
    port: int | None = Field(description="Its port on 127.0.0.1; it answers only with its password.")
    version: str | None
    since: float = Field(description="Since when it is in this state.")
    reason: str = Field(description="Why it is in this state, when there is more to say.")
    last_lines: list[str] = Field(description="The last lines it wrote, when it failed.")
    adopted: bool = Field(description="It was started by an earlier run of the hub and taken over.")
    autostart: bool = Field(description="Start it together with the hub.")
    restarts: int = Field(description="Restarts after crashes within the last ten minutes.")
    retry_at: float | None = Field(description="When a crashed server is started again.")
    uptime: float | None = Field(description="Seconds since its process started.")
    cpu: float | None = Field(description="Per cent of one core, of its whole process tree; measured.")
    memory: int | None = Field(description="Bytes of memory of its whole process tree; measured.")


class NewServer(BaseModel):
    """What a new server is to be."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=80)
    projects: list[str] = Field(min_length=1, description="Absolute paths of folders that exist.")
    autostart: bool = True


class NewProject(BaseModel):
    """A folder to open on a server."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(min_length=1, description="Absolute path of a folder that exists.")

# SPDX-License-Identifier: MIT
"""Logs."""

from pydantic import BaseModel, Field


class LogEntry(BaseModel):
    """One thing that was logged."""

    at: float | None = Field(description="Epoch seconds; null: the line does not tell, as many that a server wrote.")
    level: str = Field(description="debug, info, warning, error; empty: not told.")
    part: str = Field(description="Part of the hub; `server` or `tunnel` for what those wrote.")
    server: str = Field(description="The server or tunnel that it is about, by id; empty: none.")
    message: str
    where: str = Field(description="Module of the hub.")
    trace: str = Field(description="Traceback; empty: none.")


class LogTail(BaseModel):
    """What to follow."""

    text: str = Field("", max_length=200, description="Text that the message or traceback holds.")
    level: str = Field("", description="This level, or worse.")
    part: str = Field("", description="Part of the hub, or `server` or `tunnel`: what those wrote.")
    server: str = Field("", description="Id of a server or tunnel.")
    lines: int = Field(0, ge=0, le=1000, description="How many of the newest to begin with, the oldest first.")


class LogFileInfo(BaseModel):
    """One log file; `size` in bytes, `changed` in epoch seconds."""

    name: str = Field(description="Below the folder `logs` of the home folder.")
    source: str = Field(description="hub, server, tunnel or crash.")
    server: str = Field(description="Id of the server or tunnel; empty: none.")
    size: int
    changed: float


class LogFilesInfo(BaseModel):
    """All log files, and what they may take together; sizes in bytes."""

    items: list[LogFileInfo]
    total: int
    cap: int
    days: int


class CrashReport(BaseModel):
    """A crash report: a file of the hub's machine, which is never sent anywhere."""

    name: str
    at: float = Field(description="Epoch seconds.")
    text: str

# SPDX-License-Identifier: MIT
"""The set-up over the API."""

from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr


class Program(BaseModel):
    """An OpenCode that was run and works."""

    path: str
    version: str


class Bringing(BaseModel):
    """How far the job is that brings OpenCode or cloudflared; bytes, bytes a second, seconds; null: not known."""

    stage: str = Field(
        description="idle, looking, downloading, verifying, unpacking, checking, done, failed, cancelled."
    )
    running: bool
    text: str
    done: int
    total: int | None
    rate: float | None
    left: float | None
    error: dict[str, Any] | None = Field(description="What it failed with, as a problem document.")


class Setup(BaseModel):
    """How far the set-up is."""

    done: bool
    step: str | None = Field(description="The step it goes on with; null when it is done.")
    steps: list[str]
    opencode: Program | None = Field(description="The OpenCode that is used; null when there is none that works.")
    bringing: Bringing


class NewSetup(BaseModel):
    """Every answer of the set-up at once."""

    owner: str = Field(description="User name of the owner account.")
    password: SecretStr
    project: str = Field(description="Full path of the first project folder.")
    opencode: str = Field("", description="Path of an OpenCode program; empty: the one that was found or brought.")
    practice: bool | None = Field(None, description="Offer the practice model; null: leave it as it is.")


class CheckLine(BaseModel):
    """One line of the system check."""

    key: str
    title: str
    status: Literal["pass", "warn", "fail", "unknown"]
    said: str = Field(description="What was found.")
    todo: str = Field(description="What to do; empty when nothing.")
    stops: bool = Field(description="The set-up cannot go on before it is done.")


class SetupDone(BaseModel):
    """What the set-up gave."""

    owner: str
    created: bool = Field(description="Whether the owner account was made just now.")
    server_id: str
    started: bool
    project: str
    opencode: str
    version: str
    practice: bool
    checks: list[CheckLine]
    warnings: list[str] = Field(description="The checks that did not pass, each in one line.")

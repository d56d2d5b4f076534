# SPDX-License-Identifier: MIT
"""Servers that run elsewhere: where they are, and those on this machine that could be attached."""

from pydantic import BaseModel, ConfigDict, Field


class FoundServer(BaseModel):
    """An OpenCode on this machine that was started by somebody else, under the hub's own user."""

    address: str = Field(description="Where to attach it.")
    pid: int
    command: str = Field(description="The end of its command line.")
    folder: str = Field(description="The folder that it was started in; empty when it is not known.")
    version: str = Field(description="Its version; empty while it asks for a password.")
    password: bool = Field(description="Whether it asks for a password.")


class Reattach(BaseModel):
    """Another address or login of an attached server; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    address: str | None = Field(default=None, min_length=1, max_length=1000)
    username: str | None = Field(default=None, max_length=200)
    password: str | None = Field(default=None, max_length=1000)

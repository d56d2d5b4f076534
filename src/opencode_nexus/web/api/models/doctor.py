# SPDX-License-Identifier: MIT
"""What the doctor finds."""

from typing import Literal

from pydantic import BaseModel, Field


class Finding(BaseModel):
    """What one check found."""

    id: str
    title: str
    status: Literal["pass", "warn", "fail", "unknown"]
    said: str = Field(description="The reason.")
    todo: str = Field(description="What a person can do; empty: nothing.")
    does: list[str] = Field(description="What the fix would do; empty: there is nothing that it can mend.")
    seen: str = Field(description="Name of what the fix would do; sent along with the order to mend it.")


class Mend(BaseModel):
    """Which finding to mend."""

    id: str = Field(max_length=80)
    seen: str = Field("", max_length=80, description="That of the finding that was looked at; empty: whatever it is.")

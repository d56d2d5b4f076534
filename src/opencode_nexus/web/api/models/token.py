# SPDX-License-Identifier: MIT
"""API tokens."""

from pydantic import BaseModel, ConfigDict, Field


class Token(BaseModel):
    """A token as it is kept; the token itself is shown once, when it is made."""

    id: str
    name: str
    user: str
    scopes: list[str]
    created: float
    expires: float | None
    last_used: float | None


class NewToken(BaseModel):
    """What a new token may do, and for how long."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=64)
    scopes: list[str] = Field(["all"], min_length=1)
    days: int | None = Field(None, ge=1, le=3650, description="Null: it does not expire.")


class MadeToken(Token):
    """A token that was just made."""

    token: str = Field(description="Keep it now: it is not shown again.")

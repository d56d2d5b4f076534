# SPDX-License-Identifier: MIT
"""What waits for a person."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Waiting(BaseModel):
    """One permission or question of an agent."""

    id: str
    kind: Literal["permission", "question"]
    server_id: str
    session_id: str
    title: str
    detail: Any = Field(description="What is asked, as far as it is known; for a question, its choices.")
    at: float = Field(description="Since when it is known to wait.")


class Reply(BaseModel):
    """An answer: `reply` to a permission; `answers` to a question, a list of labels for each part of it."""

    model_config = ConfigDict(extra="forbid")

    reply: Literal["once", "always", "reject"] | None = Field(
        None,
        description="For a permission: this time, from now on, or not. A question can be given `reject`.",
    )
    message: str = Field("", max_length=20_000, description="With a rejection: what to do instead.")
    answers: list[list[str]] | None = Field(None, description="For a question.")

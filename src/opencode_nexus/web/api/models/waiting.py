# SPDX-License-Identifier: MIT
"""What waits for a person."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Choice(BaseModel):
    """One answer that a question offers."""

    label: str
    description: str = ""


class Asked(BaseModel):
    """One question; a request may ask several."""

    question: str
    header: str = ""
    options: list[Choice] = []
    multiple: bool = Field(False, description="More than one label may be chosen.")


class Waiting(BaseModel):
    """One permission or question of an agent."""

    id: str
    kind: Literal["permission", "question"]
    server_id: str
    session_id: str = Field(description="The session that asks; it may be a sub-agent's.")
    root_id: str = Field(description="The session that a person began; it shows what its sub-agents ask.")
    title: str = Field(description="The title of that session.")
    detail: str = Field(description="What is asked, in a few words.")
    at: float = Field(description="Since when it is known to wait.")
    permission: str | None = Field(None, description="What kind of thing it asks to do, such as bash or edit.")
    patterns: list[str] | None = Field(None, description="What exactly it asks to do now.")
    always: list[str] | None = Field(None, description="What `always` would allow.")
    questions: list[Asked] | None = None


class Reply(BaseModel):
    """An answer: `reply` to a permission; `answers` to a question, a list of labels for each part of it."""

    model_config = ConfigDict(extra="forbid")

    reply: Literal["once", "always", "reject"] | None = Field(
        None, description="For a permission: this time, from now on, or not. A question can be given `reject`."
    )
    message: str = Field("", max_length=20_000, description="With a rejection: what to do instead.")
    answers: list[list[str]] | None = Field(None, description="For a question.")

# SPDX-License-Identifier: MIT
"""What the inbox holds."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

InboxKind = Literal["permission", "question", "alert", "failed", "budget", "finished"]
Span = Literal["turn", "15m", "1h"]


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
    """A permission or question of an agent, an alert, or a turn that failed, that a budget stopped or that finished."""

    id: str
    kind: InboxKind
    server_id: str
    session_id: str = Field(description="The session that asks; it may be a sub-agent's.")
    root_id: str = Field(description="The session that a person began; it shows what its sub-agents ask.")
    title: str = Field(description="The title of that session; of an alert, what is wrong.")
    detail: str = Field(description="What is asked, or was said last, in a few words.")
    at: float = Field(description="Since when it is known to wait, or when the turn ended.")
    directory: str = Field("", description="The folder that it works in.")
    path: list[str] = Field([], description="Who asks and on whose behalf, the chat itself last; empty for the chat.")
    certainty: Literal["sure", "checking", "down"] = Field(
        "sure", description="`checking` and `down`: OpenCode has not said (yet) that it still waits."
    )
    permission: str | None = Field(None, description="What kind of thing it asks to do, such as bash or edit.")
    patterns: list[str] | None = Field(None, description="What exactly it asks to do now.")
    always: list[str] | None = Field(None, description="What `always` would allow.")
    metadata: dict[str, Any] | None = Field(None, description="The whole of it, such as `command` or `diff`.")
    questions: list[Asked] | None = None


class Answerer(BaseModel):
    """Who did something, and from where."""

    name: str
    device: str = Field("", description="In words, such as Firefox on Linux.")
    source: str = Field("", description="The address that it came from.")


class Ended(BaseModel):
    """What was answered or ended."""

    id: str
    kind: InboxKind
    server_id: str
    session_id: str
    root_id: str
    title: str
    detail: str
    at: float = Field(description="Since when it was known to wait.")
    ended: float
    how: str = Field(description="A word for programs, such as once, rule, elsewhere or died.")
    words: str = Field(description="The same for people.")
    said: str = Field("", description="What was answered, where it was more than a button.")
    by: Answerer | None = Field(None, description="Null: nobody here.")


class Reply(BaseModel):
    """An answer: `reply` to a permission; `answers` to a question, a list of labels for each part of it."""

    model_config = ConfigDict(extra="forbid")

    reply: Literal["once", "always", "reject"] | None = Field(
        None, description="For a permission: this time, from now on, or not. A question can be given `reject`."
    )
    message: str = Field("", max_length=20_000, description="With a rejection: what to do instead.")
    answers: list[list[str]] | None = Field(None, description="For a question.")


class Rule(BaseModel):
    """Something that was answered `always`: the hub allows it from then on, until it is deleted."""

    id: str
    server_id: str
    directory: str = Field(description="The folder that it holds for.")
    permission: str
    pattern: str = Field(description="`*` stands for anything, `?` for one letter, as in OpenCode.")
    words: str = Field(description="What it lets an agent do, as the end of “It may …”.")
    at: float
    by: Answerer
    used: int = Field(description="How often it answered.")
    last_used: float | None = None


class Accepting(BaseModel):
    """Whether a chat's permissions are given without asking."""

    on: bool
    until: float | None = Field(None, description="When it ends at the latest.")
    turn: bool = Field(False, description="It ends with the chat's turn, if that is sooner.")
    began: float | None = None
    by: Answerer | None = None


class AcceptFor(BaseModel):
    """For how long."""

    model_config = ConfigDict(extra="forbid")

    span: Span = Field(description="`turn`: until its turn ends, 8 hours at the most.")

# SPDX-License-Identifier: MIT
"""What agents take: tokens and cost, how full a context is, and budgets."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from opencode_nexus.web.api.models.items import Items

_COST = "US dollars; null: not known, as the models have no price or nothing was answered."


class Used(BaseModel):
    """Answers added up."""

    answers: int
    input: int = Field(description="Tokens, without those of the cache; so are all that follow.")
    output: int
    reasoning: int
    cache_read: int
    cache_write: int
    tokens: int = Field(description="All of them together.")
    cost: float | None = Field(description=_COST)
    unpriced: int = Field(description="Answers of models without a price: the cost is without them.")


class UsedBy(Used):
    """The sums of one day, model, project or chat."""

    key: str = Field(description="The day, `provider/model`, the project's folder, or the chat's id.")
    server_id: str | None = Field(None, description="Of a chat.")
    title: str | None = Field(None, description="Of a chat; null: not known, or deleted.")


class Context(BaseModel):
    """How full a session's context is, by its newest answer."""

    tokens: int | None = Field(description="Null: not known. After a compaction until the next answer, too.")
    limit: int | None = Field(description="What fits into the model; null: not known.")
    model: str | None = Field(description="`provider/model` of the newest answer.")


class UsedAnswer(BaseModel):
    """What one answer took. Each step of a turn is an answer."""

    id: str = Field(description="The message's.")
    session_id: str
    at: float
    model: str
    agent: str
    input: int
    output: int
    reasoning: int
    cache_read: int
    cache_write: int
    cost: float | None = Field(description="US dollars; null: the model has no price, or nothing was told yet.")
    copied: bool = Field(description="A fork's copy of an answer that is counted where it was given.")
    removed: bool


class Limits(BaseModel):
    """The most that may be taken."""

    model_config = ConfigDict(extra="forbid")

    usd: float | None = Field(None, gt=0, le=1e9, allow_inf_nan=False, description="US dollars; null: no limit.")
    tokens: int | None = Field(None, gt=0, le=10**15, description="Null: no limit.")


class Budgets(BaseModel):
    """The budgets that are common to all chats."""

    model_config = ConfigDict(extra="forbid")

    day: Limits = Field(description="Of each day, all chats on all servers together.")
    chat: Limits = Field(description="Of each chat that has none of its own.")


class Budget(Limits):
    """A chat's budget, and how far it is used."""

    own: bool = Field(description="It is the chat's own one; else the common one.")
    state: Literal["", "warned", "reached"] = Field(description="warned: 80 % is used. reached: nothing more is sent.")


class SessionUsage(BaseModel):
    """What a session took; a chat with its sub-agents."""

    session_id: str
    root_id: str = Field(description="The chat that it works for, itself when it is one.")
    used: Used
    context: Context
    models: list[UsedBy]
    sub_agents: list[UsedBy]
    budget: Budget = Field(description="Of the chat.")
    answers: Items[UsedAnswer] = Field(description="Newest first.")

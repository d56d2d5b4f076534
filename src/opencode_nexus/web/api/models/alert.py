# SPDX-License-Identifier: MIT
"""Alerts and their rules."""

from pydantic import BaseModel, ConfigDict, Field


class Alert(BaseModel):
    """Something that is wrong now."""

    id: str
    rule: str
    server_id: str | None
    tunnel_id: str | None
    level: str = Field(description="warning or error.")
    title: str
    detail: str
    at: float = Field(description="Since when it is open, in epoch seconds.")


class AlertRule(BaseModel):
    """From when on something is told."""

    id: str
    label: str
    help: str
    level: str
    on: bool
    threshold: float | None = Field(description="Null: it is about something that is so or not.")
    unit: str = Field(description="Of the threshold.")
    minutes: float | None = Field(description="How long it must be so; null: it is told at once.")
    words: str = Field(description="The same for people.")
    open: int = Field(description="How many alerts of this rule are open.")


class AlertRuleChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    on: bool | None = None
    threshold: float | None = Field(None, gt=0, le=1e6)
    minutes: float | None = Field(None, ge=0, le=1440)

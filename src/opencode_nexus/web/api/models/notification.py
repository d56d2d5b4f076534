# SPDX-License-Identifier: MIT
"""The browsers that are told of what enters the inbox."""

from pydantic import BaseModel, ConfigDict, Field

from opencode_nexus.web.api.models.waiting import InboxKind

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class QuietHours(BaseModel):
    """When a device is told nothing."""

    model_config = ConfigDict(extra="forbid")

    start: str = Field(pattern=_CLOCK, description="HH:MM.")
    end: str = Field(pattern=_CLOCK, description="HH:MM; sooner than `start`: on the next day.")
    zone: str = Field("", max_length=64, description="IANA name of the time zone; empty: the hub's own.")


class NotifiedDevice(BaseModel):
    """A browser that is told."""

    id: str
    agent: str
    address: str = Field(description="Where it uses the hub.")
    kinds: list[str] = Field(description="Of what it is told.")
    hide: bool = Field(description="It is not told what it is about.")
    quiet: QuietHours | None
    created: float
    told: float | None = Field(description="When it was told something last.")
    trouble: str = Field(description="Why the last one did not get there; empty: it did.")
    signed_out: bool = Field(description="Its login has ended: it is told nothing.")


class NotifyChoices(BaseModel):
    """What a device is told, and when not."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[InboxKind]
    hide: bool = False
    quiet: QuietHours | None = None

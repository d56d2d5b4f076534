# SPDX-License-Identifier: MIT
"""Devices that were connected by a link, and the link."""

from pydantic import BaseModel, ConfigDict, Field


class NewPairing(BaseModel):
    """The device to connect."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=40, description="As it shall show in the list of devices.")


class Pairing(BaseModel):
    """A link that signs one device in, once."""

    id: str
    name: str
    link: str = Field(description="Open it on the device. Whoever has it can use it, so show it to nobody else.")
    secret: str
    expires: float


class WaitingLink(BaseModel):
    """A link that was not used yet."""

    id: str
    name: str = Field(description="The device that it is for.")
    created: float
    expires: float


class SignInLink(BaseModel):
    """An address that signs one browser in, once."""

    url: str = Field(description="Open it on this machine. Whoever has it can use it, so show it to nobody else.")


class Device(BaseModel):
    """A signed-in device."""

    id: str
    name: str = Field(description="The name that it was connected under; empty: it signed in with the password.")
    created: float
    last_seen: float
    expires: float
    source: str = Field(description="The address that it signed in from.")
    agent: str
    remote: bool = Field(description="It signed in through a tunnel.")
    here: bool = Field(description="It is the one that asks.")

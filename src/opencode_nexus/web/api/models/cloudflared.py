# SPDX-License-Identifier: MIT
"""cloudflared, and what an API token of Cloudflare may do."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from opencode_nexus.web.api.models.setup import Bringing

Granted = Literal["granted", "missing", "not known"]


class Cloudflared(BaseModel):
    """The program that runs tunnels."""

    path: str | None = Field(description="Null: there is none that could be used, or one is being brought.")
    version: str | None
    sha256: str | None
    problem: dict[str, Any] | None = Field(description="Why there is none, as a problem document.")
    bringing: Bringing


class ApiToken(BaseModel):
    """An API token of Cloudflare; it is looked at and not kept."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    token: SecretStr


class Permission(BaseModel):
    """One permission that is needed."""

    name: str
    why: str
    state: Granted
    detail: str


class CloudAccount(BaseModel):
    """An account that the token sees."""

    id: str
    name: str
    tunnels: Granted = Field(description="Whether tunnels can be made in it.")


class Zone(BaseModel):
    """A domain that the token sees."""

    id: str
    name: str
    account: str = Field(description="The id of its account.")
    status: str
    dns: Granted = Field(description="Whether names can be made in it.")


class TokenLook(BaseModel):
    """What an API token may do."""

    permissions: list[Permission]
    accounts: list[CloudAccount]
    zones: list[Zone]
    expires: str | None

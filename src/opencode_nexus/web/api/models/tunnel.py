# SPDX-License-Identifier: MIT
"""Tunnels: ways in from outside."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Kind = Literal["quick", "token", "api", "config"]
Protocol = Literal["auto", "quic", "http2"]


class Trial(BaseModel):
    """One thing that the self test tried; times in milliseconds, null: not measured."""

    name: str = Field(description="nonce, post-stream, websocket, get-stream or no-login.")
    outcome: Literal["works", "held back", "fails", "not tried"]
    ms: float | None = Field(description="Until the first byte came.")
    spread_ms: float | None = Field(description="From the first piece to the last; a stream held back comes at once.")
    detail: str


class SelfTest(BaseModel):
    """What passes through the public address."""

    at: float
    verdict: Literal["passed", "partly", "not verified", "open"] = Field(
        description="partly: something is held back. not verified: it could not be reached. open: it was closed."
    )
    transport: str = Field(description="What the chat uses from outside: post, ws, poll; empty: not known.")
    round_trip_ms: float | None
    detail: str
    trials: list[Trial]


class Tunnel(BaseModel):
    """A tunnel as it is wanted and as it is now; what is not known is null."""

    id: str
    name: str
    kind: Kind
    state: Literal["stopped", "starting", "connecting", "ready", "degraded", "failed"]
    url: str | None = Field(description="Where a browser elsewhere reaches the hub.")
    since: float = Field(description="Since when it is in this state.")
    reason: str
    problem: dict[str, Any] | None = Field(description="What is wrong, as a problem document.")
    hostnames: list[str] = Field(description="Public names that are answered now.")
    connections: int = Field(description="Connections registered with Cloudflare's edge.")
    edges: list[str] = Field(description="Where they end, such as lhr01.")
    edge_protocol: str | None = Field(description="What they speak: quic or http2.")
    round_trip_ms: float | None = Field(description="cloudflared's own figure to the edge; quic only.")
    requests: int | None = Field(description="Since the process began.")
    errors: int | None
    pid: int | None
    started: float | None
    version: str | None = Field(description="Of cloudflared.")
    adopted: bool = Field(description="It was started by an earlier run of the hub and taken over.")
    retry_at: float | None = Field(description="When it is tried again.")
    stops_at: float | None = Field(description="When it closes by itself.")
    stale: bool = Field(description="It was changed, and runs as it was before until it is restarted.")
    testing: bool
    selftest: SelfTest | None
    created: float
    hostname: str = Field(description="The public name that was chosen; kinds api and config.")
    protocol: Protocol = Field(description="What was chosen.")
    autostart: bool = Field(description="Start it together with the hub.")
    stop_after: float | None = Field(description="Seconds after its start until it closes by itself; null: never.")
    stop_idle: float | None = Field(description="Seconds without a visit until it closes by itself; null: never.")
    allowed_mail: list[str] = Field(description="Who passes Cloudflare's e-mail check; quick only.")
    credentials: str = Field(description="Path of the credentials file; config only.")
    account: str = Field(description="Cloudflare's id of the account; api only.")
    zone: str
    tunnel_id: str
    service: str = Field(description="What must stand as the service in Cloudflare's configuration; token and api.")


class Interval(BaseModel):
    """What came through a tunnel in ten seconds."""

    at: float
    requests: int
    errors: int


class NewTunnel(BaseModel):
    """What a new tunnel is to be."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=40)
    kind: Kind
    hostname: str = ""
    protocol: Protocol = "auto"
    autostart: bool = False
    stop_after: float | None = None
    stop_idle: float | None = None
    allowed_mail: list[str] = Field(default_factory=list)
    credentials: str = Field("", description="Full path of the credentials file; config.")
    account: str = Field("", description="Cloudflare's id of the account; api.")
    zone: str = Field("", description="Cloudflare's id of the zone; api.")
    token: SecretStr | None = Field(None, description="The tunnel's token (token), or the API token (api).")


class ChangedTunnel(BaseModel):
    """What is to be another way; what is not given stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = Field(None, min_length=1, max_length=40)
    hostname: str | None = None
    protocol: Protocol | None = None
    autostart: bool | None = None
    stop_after: float | None = Field(None, description="Null, when it is given: never.")
    stop_idle: float | None = Field(None, description="Null, when it is given: never.")
    allowed_mail: list[str] | None = None
    credentials: str | None = None
    token: SecretStr | None = Field(None, description="A new token in place of the kept one.")


class AllStopped(BaseModel):
    """What was closed."""

    stopped: list[str] = Field(description="Names of the tunnels that ran.")
    logins_ended: int = Field(description="Logins from outside that were ended.")

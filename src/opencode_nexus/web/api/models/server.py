# SPDX-License-Identifier: MIT
"""Servers: one is one OpenCode process with its project folders."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MOST = 2**53 - 1  # a whole number that every reader of JSON keeps as it is


class ServerLimits(BaseModel):
    """What a server's whole process tree may take; null: no limit of that kind."""

    model_config = ConfigDict(extra="forbid")

    memory_warn: int | None = Field(default=None, ge=1, le=MOST, description="Bytes at which it is warned of.")
    memory_recycle: int | None = Field(
        default=None, ge=1, le=MOST, description="Bytes at which it is restarted as soon as no agent works on it."
    )
    memory_stop: int | None = Field(default=None, ge=1, le=MOST, description="Bytes at which it is stopped at once.")
    cpu_percent: float | None = Field(default=None, gt=0, le=1_000_000, description="Per cent of one core.")
    processes: int | None = Field(default=None, ge=1, le=MOST)


class Variable(BaseModel):
    """An environment variable of a server's own."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    value: str | None = Field(
        default=None, description="Its value. A secret's is never told; sent as null, it stays as it is."
    )
    secret: bool = Field(
        default=False,
        description="Keep the value as a secret. A name that ends in KEY, TOKEN, SECRET or PASSWORD is one anyway.",
    )


class Server(BaseModel):
    """A server as it is now; what is not known is null."""

    id: str
    name: str
    projects: list[str] = Field(description="Folders that are open on it.")
    state: Literal["stopped", "starting", "running", "stopping", "failed"]
    pid: int | None
    port: int | None = Field(description="Its port on 127.0.0.1; it answers only with its password.")
    version: str | None
    since: float = Field(description="Since when it is in this state.")
    reason: str = Field(description="Why it is in this state, when there is more to say.")
    last_lines: list[str] = Field(description="The last lines it wrote, when it failed.")
    adopted: bool = Field(description="It was started by an earlier run of the hub and taken over.")
    autostart: bool = Field(description="Start it together with the hub.")
    restarts: int = Field(description="Restarts after crashes within the last ten minutes.")
    retry_at: float | None = Field(description="When a crashed server is started again.")
    uptime: float | None = Field(description="Seconds since its process started.")
    cpu: float | None = Field(description="Per cent of one core, of its whole process tree; measured.")
    memory: int | None = Field(description="Bytes of memory of its whole process tree; measured.")
    kind: Literal["local", "attached"] = Field(description="Whether it runs here, or elsewhere and is only watched.")
    address: str = Field(description="Where an attached one is.")
    environment: list[Variable] = Field(description="Its own variables.")
    arguments: list[str] = Field(description="Further arguments of “opencode serve”.")
    wanted_version: str = Field(description="The OpenCode it is to run; empty: the one that the hub uses.")
    limits: ServerLimits
    changed: bool = Field(description="An edit applies after its next start.")
    planned: str = Field(description="Why it is restarted as soon as no agent works on it; empty: it is not.")
    position: int = Field(description="Its place in the list; servers start in this order.")
    missing: list[str] = Field(description="What cannot be done with an attached one, by its own document.")


class _Wanted(BaseModel):
    """What can be told of a server beyond its name and folders."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    environment: list[Variable] | None = Field(
        default=None, max_length=500, description="All variables of its own; those that are left out are removed."
    )
    arguments: list[str] | None = Field(
        default=None, max_length=100, description="Further arguments of “opencode serve”, such as --log-level, DEBUG."
    )
    version: str | None = Field(
        default=None,
        max_length=40,
        description="An OpenCode version on this machine; empty: the one that the hub uses.",
    )
    limits: ServerLimits | None = None


class NewServer(_Wanted):
    """What a new server is to be: one that the hub runs, or one that runs elsewhere and is attached."""

    name: str = Field(default="", max_length=80, description="One that is attached may be called by its address.")
    projects: list[str] = Field(
        default_factory=list,
        max_length=1000,
        description="Absolute paths of folders that exist; of one that is attached on its machine, and empty: its own.",
    )
    autostart: bool = True
    kind: Literal["local", "attached"] = "local"
    address: str = Field(default="", max_length=1000, description="Where one that is attached answers.")
    username: str = Field(default="", max_length=200, description="What that one asks for; empty: “opencode”.")
    password: str = Field(default="", max_length=1000)


class ServerEdit(_Wanted):
    """A change: what is left out stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    autostart: bool | None = None
    position: int | None = Field(default=None, ge=1, le=MOST, description="Its new place in the list, from 1.")


class Copy(BaseModel):
    """What a copy of a server is called."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, description="Left out: the name of the server with “copy” after it.")


class Restart(BaseModel):
    """When a server is restarted."""

    model_config = ConfigDict(extra="forbid")

    when: Literal["now", "idle"] = Field(
        default="now", description="“now” cuts off what agents do; “idle” waits until none works, in the background."
    )


class Bulk(Restart):
    """An order to several servers."""

    action: Literal["start", "stop", "restart"]
    ids: list[str] | None = Field(
        default=None, max_length=1000, description="Which; left out: all, and of a restart all that run."
    )


class Outcome(BaseModel):
    """What came of an order to one of several servers."""

    id: str
    name: str
    done: bool
    error: str = Field(description="Why it was not done; empty when it was.")
    hint: str = Field(description="What to do about it.")
    server: Server | None = Field(description="As it is now; null when it was removed meanwhile.")


class Move(BaseModel):
    """Where a project folder goes."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(min_length=1, description="One of the server's project folders.")
    to: str = Field(description="Id of the server that has it afterwards.")


class Project(BaseModel):
    """A project folder of a server."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(min_length=1, description="One of the server's project folders.")


class NewProject(BaseModel):
    """A folder to open on a server."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(min_length=1, description="Absolute path of a folder that exists.")

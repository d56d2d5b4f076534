# SPDX-License-Identifier: MIT
"""The table of settings: command flags, environment names, the settings page and the reference are made from it."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from opencode_nexus.core.errors import BadRequest

PREFIX = "OPENCODE_NEXUS_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `flag` is its name on the command line, `env` in the environment.

    `editable` ones may be changed on the settings page; `restart` says that a change waits for the next start.
    """

    name: str
    default: object
    help: str
    flag: str
    editable: bool = False
    restart: bool = True
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("host", "127.0.0.1", "Address to listen on.", "--host"),
    Setting("port", 4600, "Port to listen on; 0 takes any free one.", "--port"),
    Setting("home", None, "Folder for everything the hub keeps; default: the platform's data folder.", "--home"),
    Setting("base_path", "", "Path under which a proxy serves the hub, such as /nexus.", "--base-path"),
    Setting("open", True, "Open a browser after the start.", "--open/--no-open"),
    Setting(
        "on_stop", "stop-idle",
        "What a normal stop of the hub does with OpenCode: keep all running, stop the idle ones, or stop all.",
        "--on-stop", editable=True, restart=False, choices=("keep", "stop-idle", "stop"),
    ),
    Setting(
        "opencode_binary", "",
        "Path of your own OpenCode program, for servers from their next start; empty: the one chosen in the set-up.",
        "--opencode-binary", editable=True, restart=False,
    ),
    Setting(
        "cloudflared_binary", "",
        "Path of your own cloudflared, for tunnels from their next start; empty: one found here, or brought.",
        "--cloudflared-binary", editable=True, restart=False,
    ),
    Setting(
        "cloudflared_arguments", "",
        "Further flags for cloudflared, split as a shell does; they stand after our own, so they win.",
        "--cloudflared-arguments",
    ),
    Setting(
        "tunnel_front", "",
        "Address (host:port) that a tunnel's self test connects to, in place of the public name's own.",
        "--tunnel-front",
    ),
    Setting(
        "allowed_hosts", "", "Further host names this hub answers to, separated by commas.",
        "--allowed-hosts", editable=True,
    ),
    Setting(
        "trusted_proxies", "", "Addresses of proxies whose X-Forwarded-For is believed, separated by commas.",
        "--trusted-proxies",
    ),
    Setting(
        "log_level", "info", "How much is logged.", "--log-level",
        choices=("debug", "info", "warning", "error"),
    ),
)  # fmt: skip


class SettingsError(BadRequest):
    """A setting has a value that cannot be used."""

    code = "bad-setting"
    title = "A setting has a value that cannot be used."
    hint = "Correct the flag, environment variable or settings page entry that the message names."


class Settings(BaseModel):
    """The settings in force; made once at the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 4600
    home: Path
    base_path: str = ""
    open: bool = True
    on_stop: Literal["keep", "stop-idle", "stop"] = "stop-idle"
    opencode_binary: str = ""
    cloudflared_binary: str = ""
    cloudflared_arguments: str = ""
    tunnel_front: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:  # said at the start: a proxy that is not believed locks out whoever comes through it
            ip_network(part, strict=False)
        return value

    @field_validator("cloudflared_arguments")
    @classmethod
    def _splits(cls, value: str) -> str:
        shlex.split(value)  # an open quotation mark is told at the start, not at the first tunnel
        return value

    @field_validator("tunnel_front")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value and not re.fullmatch(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", value):
            raise ValueError("must be host:port, such as 127.0.0.1:8443")
        return value

    @field_validator("base_path")
    @classmethod
    def _tidy_path(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        # browsers take /a/../b and /a//b as other paths, and a cookie's path ends at a semicolon
        if value and not re.fullmatch(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+", value):
            raise ValueError("must begin with / and hold letters, digits and . _ ~ - only, such as /nexus")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return Path(os.path.expanduser(value)).absolute()  # leaves ~nobody as it is, where Path raises

    @classmethod
    def load(
        cls, flags: Mapping[str, Any], environ: Mapping[str, str], stored: Mapping[str, Any], default_home: Path
    ) -> "Settings":
        """Return the settings in force: flag, then environment, then what the settings page stored, then default.

        `flags` and `stored` hold a value by setting name (None: not given). Raises SettingsError naming the culprit.
        """
        values: dict[str, Any] = {"home": default_home}
        source: dict[str, str] = {}
        for setting in SETTINGS:
            if flags.get(setting.name) is not None:
                values[setting.name], source[setting.name] = flags[setting.name], setting.flag
            elif environ.get(setting.env, "") != "":
                values[setting.name], source[setting.name] = environ[setting.env], setting.env
            elif setting.editable and setting.name in stored:
                values[setting.name], source[setting.name] = stored[setting.name], "the settings page"
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            where = source.get(name, name)
            raise SettingsError(f"{where}: {first['msg']} (got {first['input']!r}).", setting=name) from error

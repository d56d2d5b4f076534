# SPDX-License-Identifier: MIT
"""The table of settings: command flags, environment names, the settings page and the reference are made from it."""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.core.log_levels import LEVELS, parse_levels

PREFIX = "OPENCODE_NEXUS_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `flag` is its name on the command line, `env` in the environment.

    `editable` ones may be changed on the settings page, under the heading `group`; `restart` says that a change waits
    for the next start. A whole number is from `least` to `most`.
    """

    name: str
    default: object
    help: str
    flag: str
    editable: bool = False
    restart: bool = True
    choices: tuple[str, ...] = ()
    group: str = "The hub"
    least: int | None = None
    most: int | None = None

    @property
    def env(self) -> str:
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("host", "127.0.0.1", "Address to listen on.", "--host", group="Network"),
    Setting("port", 4600, "Port to listen on; 0 takes any free one.", "--port", group="Network", least=0, most=65_535),
    Setting("home", None, "Folder for everything the hub keeps; default: the platform's data folder.", "--home"),
    Setting(
        "base_path", "", "Path under which a proxy serves the hub, such as /nexus.", "--base-path",
        group="Network",
    ),
    Setting("open", True, "Open a browser after the start.", "--open/--no-open"),
    Setting(
        "on_stop", "stop-idle",
        "What a normal stop of the hub does with OpenCode: keep all running, stop the idle ones, or stop all.",
        "--on-stop", editable=True, restart=False, choices=("keep", "stop-idle", "stop"),
        group="OpenCode servers",
    ),
    Setting(
        "keep_awake", "no",
        "Whether this machine is kept awake while an agent works. The screen may go dark; a closed lid still counts.",
        "--keep-awake", editable=True, restart=False, choices=("no", "yes"),
        group="OpenCode servers",
    ),
    Setting(
        "opencode_binary", "",
        "Path of your own OpenCode program, for servers from their next start; empty: the one chosen in the set-up.",
        "--opencode-binary", editable=True, restart=False,
        group="OpenCode servers",
    ),
    Setting(
        "starts_at_once", 2, "How many OpenCode servers may start at the same time; the others wait for their turn.",
        "--starts-at-once", editable=True, restart=False,
        group="OpenCode servers", least=1, most=100,
    ),
    Setting(
        "close_idle_folders", 30,
        "Minutes after which a server closes a project folder that nobody uses, which frees memory; 0: never.",
        "--close-idle-folders", editable=True, restart=False,
        group="OpenCode servers", least=0, most=100_000,
    ),
    Setting(
        "restart_hung", 2,
        "Minutes after which a server that hangs is started anew, unless an agent was at work on it; 0: never.",
        "--restart-hung", editable=True, restart=False,
        group="OpenCode servers", least=0, most=100_000,
    ),
    Setting(
        "cloudflared_binary", "",
        "Path of your own cloudflared, for tunnels from their next start; empty: one found here, or brought.",
        "--cloudflared-binary", editable=True, restart=False,
        group="Tunnels",
    ),
    Setting(
        "cloudflared_arguments", "",
        "Further flags for cloudflared, split as a shell does; they stand after our own, so they win.",
        "--cloudflared-arguments",
        group="Tunnels",
    ),
    Setting(
        "tunnel_front", "",
        "Address (host:port) that a tunnel's self test connects to, in place of the public name's own.",
        "--tunnel-front",
        group="Tunnels",
    ),
    Setting(
        "allowed_hosts", "", "Further host names this hub answers to, separated by commas.",
        "--allowed-hosts", editable=True,
        group="Network",
    ),
    Setting(
        "trusted_proxies", "", "Addresses of proxies whose X-Forwarded-For is believed, separated by commas.",
        "--trusted-proxies",
        group="Network",
    ),
    Setting(
        "log_level", "info", "How much is logged.", "--log-level",
        editable=True, restart=False, choices=LEVELS,
        group="Logs",
    ),
    Setting(
        "log_levels", "", "Levels of single parts, such as fleet=debug,chat=warning; all others log as log_level says.",
        "--log-levels", editable=True, restart=False,
        group="Logs",
    ),
    Setting(
        "log_size", 200,
        "Most megabytes of all log files together: the hub's, those of servers and tunnels, and crash reports.",
        "--log-size", editable=True, restart=False,
        group="Logs", least=20, most=1_000_000,
    ),
    Setting(
        "log_days", 30, "Days after which a log file that is not written any more is removed.",
        "--log-days", editable=True, restart=False,
        group="Logs", least=1, most=3_650,
    ),
    Setting(
        "backup_every", "off", "How often a backup is made by itself.", "--backup-every",
        editable=True, restart=False, choices=("off", "daily", "weekly"),
        group="Backups",
    ),
    Setting(
        "backup_keep", 7, "How many of the backups that were made by themselves are kept, the newest.",
        "--backup-keep", editable=True, restart=False,
        group="Backups", least=1, most=1_000,
    ),
    Setting(
        "backup_folder", "", "Folder of the backups, best on another disk; empty: backups in the home folder.",
        "--backup-folder", editable=True, restart=False,
        group="Backups",
    ),
    Setting(
        "backup_sessions", "no", "Whether OpenCode's own database of chats goes with a backup that is made by itself.",
        "--backup-sessions", editable=True, restart=False, choices=("no", "yes"),
        group="Backups",
    ),
)  # fmt: skip


class SettingsError(BadRequest):
    """A setting has a value that cannot be used."""

    code = "bad-setting"
    title = "A setting has a value that cannot be used."
    hint = "Correct the flag, environment variable or settings page entry that the message names."


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be words")
    return value


def _split(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
    return tuple(_words(part) for part in value)


def _networks(value: Any) -> tuple[str, ...]:
    parts = _split(value)
    for part in parts:  # said at the start: a proxy that is not believed locks out whoever comes through it
        ip_network(part, strict=False)
    return parts


def _arguments(value: Any) -> str:
    shlex.split(_words(value))  # an open quotation mark is told at the start, not at the first tunnel
    return str(value)


def _host_and_port(value: Any) -> str:
    if value and not re.fullmatch(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", _words(value)):
        raise ValueError("must be host:port, such as 127.0.0.1:8443")
    return str(value)


def _tidy_path(value: Any) -> str:
    path = _words(value).strip().rstrip("/")
    # browsers take /a/../b and /a//b as other paths, and a cookie's path ends at a semicolon
    if path and not re.fullmatch(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+", path):
        raise ValueError("must begin with / and hold letters, digits and . _ ~ - only, such as /nexus")
    return path


def _absolute(value: Any) -> Path:
    return Path(os.path.expanduser(value)).absolute()  # leaves ~nobody as it is, where Path raises


def _folder(value: Any) -> str:
    path = os.path.expanduser(_words(value).strip())
    if path and not os.path.isabs(path):
        raise ValueError("must be a full path")
    return path


def _whole(least: int, most: int) -> Callable[[Any], int]:
    """What takes a whole number within these bounds."""

    def read(value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError("must be a whole number") from None
        if not least <= number <= most:
            raise ValueError(f"must be from {least} to {most}")
        return number

    return read


def _levels(value: Any) -> str:
    parse_levels(_words(value))
    return str(value)


_SWITCH = dict.fromkeys("1 true t yes y on".split(), True) | dict.fromkeys("0 false f no n off".split(), False)


def _yes_or_no(value: Any) -> bool:
    found = _SWITCH.get(str(value).lower())
    if found is None:
        raise ValueError("must be yes or no")
    return found


_READ: dict[str, Callable[[Any], object]] = {
    **{one.name: _whole(one.least, one.most) for one in SETTINGS if one.least is not None and one.most is not None},
    "home": _absolute,
    "base_path": _tidy_path,
    "open": _yes_or_no,
    "cloudflared_arguments": _arguments,
    "tunnel_front": _host_and_port,
    "allowed_hosts": _split,
    "trusted_proxies": _networks,
    "log_levels": _levels,
    "backup_folder": _folder,
}
"""Setting → what makes its value of what was given, or raises ValueError; the others are words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force; made once at the start. A dataclass: pydantic would cost the hub 7 MB for this alone."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 4600
    base_path: str = ""
    open: bool = True
    on_stop: str = "stop-idle"
    keep_awake: str = "no"
    opencode_binary: str = ""
    starts_at_once: int = 2
    close_idle_folders: int = 30
    restart_hung: int = 2
    cloudflared_binary: str = ""
    cloudflared_arguments: str = ""
    tunnel_front: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    log_level: str = "info"
    log_levels: str = ""
    log_size: int = 200
    log_days: int = 30
    backup_every: str = "off"
    backup_keep: int = 7
    backup_folder: str = ""
    backup_sessions: str = "no"

    @classmethod
    def load(
        cls, flags: Mapping[str, Any], environ: Mapping[str, str], stored: Mapping[str, Any], default_home: Path
    ) -> "Settings":
        """Return the settings in force: flag, then environment, then what the settings page stored, then default.

        `flags` and `stored` hold a value by setting name (None: not given). Raises SettingsError naming the culprit.
        """
        values: dict[str, Any] = {"home": _absolute(default_home)}
        for setting in SETTINGS:
            if flags.get(setting.name) is not None:
                given, source = flags[setting.name], setting.flag
            elif environ.get(setting.env, "") != "":
                given, source = environ[setting.env], setting.env
            elif setting.editable and setting.name in stored:
                given, source = stored[setting.name], f"{setting.name} on the settings page"
            else:
                continue
            try:
                values[setting.name] = _READ.get(setting.name, _words)(given)
                if setting.choices and given not in setting.choices:
                    raise ValueError(f"must be one of {', '.join(setting.choices)}")
            except (TypeError, ValueError) as error:
                raise SettingsError(f"{source}: {error} (got {given!r}).", setting=setting.name) from error
        return cls(**values)

# SPDX-License-Identifier: MIT
"""`opencode-nexus serve`: run the hub in the foreground."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.start import start
from opencode_nexus.core.settings import SETTINGS, Setting

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_TABLE: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}


def _option(name: str) -> Any:
    """The option of a setting, from the table; `Settings.load` reads the environment, for all alike."""
    setting = _TABLE[name]
    about = f"{setting.help} [env: {setting.env}]"
    if setting.choices:
        about = f"{setting.help} One of {', '.join(setting.choices)}. [env: {setting.env}]"
    return typer.Option(setting.flag, help=about, show_default=False)


@app.command()
def serve(
    host: Annotated[str | None, _option("host")] = None,
    port: Annotated[int | None, _option("port")] = None,
    home: Annotated[Path | None, _option("home")] = None,
    base_path: Annotated[str | None, _option("base_path")] = None,
    open: Annotated[bool | None, _option("open")] = None,  # noqa: A002 - the name of the setting
    on_stop: Annotated[str | None, _option("on_stop")] = None,
    keep_awake: Annotated[str | None, _option("keep_awake")] = None,
    opencode_binary: Annotated[str | None, _option("opencode_binary")] = None,
    starts_at_once: Annotated[int | None, _option("starts_at_once")] = None,
    close_idle_folders: Annotated[int | None, _option("close_idle_folders")] = None,
    restart_hung: Annotated[int | None, _option("restart_hung")] = None,
    cloudflared_binary: Annotated[str | None, _option("cloudflared_binary")] = None,
    cloudflared_arguments: Annotated[str | None, _option("cloudflared_arguments")] = None,
    tunnel_front: Annotated[str | None, _option("tunnel_front")] = None,
    allowed_hosts: Annotated[str | None, _option("allowed_hosts")] = None,
    trusted_proxies: Annotated[str | None, _option("trusted_proxies")] = None,
    log_level: Annotated[str | None, _option("log_level")] = None,
    log_levels: Annotated[str | None, _option("log_levels")] = None,
    log_size: Annotated[int | None, _option("log_size")] = None,
    log_days: Annotated[int | None, _option("log_days")] = None,
    backup_every: Annotated[str | None, _option("backup_every")] = None,
    backup_keep: Annotated[int | None, _option("backup_keep")] = None,
    backup_folder: Annotated[str | None, _option("backup_folder")] = None,
    backup_sessions: Annotated[str | None, _option("backup_sessions")] = None,
) -> None:
    """Start the hub, and open a browser unless told not to. Ctrl-C ends it."""
    start(dict(locals()))  # each parameter is a setting of that name

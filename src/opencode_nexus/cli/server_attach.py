# SPDX-License-Identifier: MIT
"""`opencode-nexus server attach`, `reattach` and `found`: OpenCode that somebody else started, here or elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.on_hub import on_hub
from opencode_nexus.cli.secret_file import password_in
from opencode_nexus.cli.server_find import NameArgument, find_server
from opencode_nexus.cli.table import Column, show, show_json

UsernameOption = Annotated[str | None, typer.Option("--username", help="User name it asks for; default: opencode.")]
PasswordOption = Annotated[
    Path | None, typer.Option("--password-file", help="File whose first line is its password; - for standard input.")
]

FOUND: tuple[Column, ...] = (
    ("ADDRESS", "address"),
    ("VERSION", lambda row: row["version"] or "asks for a password"),
    ("PID", "pid"),
    ("FOLDER", "folder"),
    ("COMMAND", "command"),
)


@on_hub
def attach(
    hub: HubClient,
    address: Annotated[str, typer.Argument(help="Where it answers, such as http://192.168.1.20:4096.")],
    name: Annotated[str, typer.Option("--name", help="Default: its address.")] = "",
    username: UsernameOption = None,
    password_file: PasswordOption = None,
    project: Annotated[
        list[str] | None, typer.Option("--project", help="Folder on its machine; repeat for several. Default: its own.")
    ] = None,
    autostart: Annotated[bool, typer.Option(help="Connect to it together with the hub.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Attach an OpenCode server that runs elsewhere. It is watched and chatted with, never stopped."""
    body: dict[str, Any] = {
        "kind": "attached", "address": address, "name": name, "projects": project or [], "autostart": autostart,
        "username": username or "", "password": password_in(password_file) if password_file else "",
    }  # fmt: skip
    _told(hub.post("/servers", body), as_json)


@on_hub
def reattach(
    hub: HubClient,
    name: NameArgument,
    address: Annotated[str | None, typer.Option("--address", help="Where it answers now.")] = None,
    username: UsernameOption = None,
    password_file: PasswordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an attached server another address, user name or password; what is not given stays."""
    body = {
        "address": address, "username": username, "password": password_in(password_file) if password_file else None
    }  # fmt: skip
    if not any(value is not None for value in body.values()):
        raise typer.BadParameter("give --address, --username or --password-file")
    _told(hub.request("PUT", f"/servers/{find_server(hub, name)['id']}/address", body), as_json)


@on_hub
def found(hub: HubClient, as_json: JsonOption = False) -> None:
    """List OpenCode on this machine that somebody else started; 'server attach ADDRESS' attaches one."""
    servers = hub.items("/servers/found")
    empty = "No other OpenCode of yours runs on this machine."
    show(servers, FOUND, as_json=as_json, empty=empty)


def _told(server: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return show_json(server)
    print(f"Server {server['name']} is attached ({server['address']}, OpenCode {server['version']}).")
    if server["reason"]:
        print(f"  {server['reason']}")
    if server["missing"]:
        print(f"  These cannot be used with it: {', '.join(server['missing'])}.")

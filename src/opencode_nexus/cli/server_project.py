# SPDX-License-Identifier: MIT
"""`opencode-nexus server project …`: the folders of a server."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.on_hub import on_hub
from opencode_nexus.cli.server_find import NameArgument, find_server
from opencode_nexus.cli.table import show_json

app = typer.Typer(
    help="The project folders of a server. The folders themselves are never touched.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="A project folder.")]


@app.command()
@on_hub
def add(hub: HubClient, name: NameArgument, folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Open one more folder on a server, which is not restarted for it."""
    server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects", {"folder": whole(folder, hub)})
    _told(server, as_json, "has the folder now")


@app.command()
@on_hub
def remove(hub: HubClient, name: NameArgument, folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Take a folder from a server. The folder and its sessions stay."""
    server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/remove", {"folder": whole(folder, hub)})
    _told(server, as_json, "no longer has the folder")


@app.command()
@on_hub
def move(
    hub: HubClient,
    name: NameArgument,
    folder: FolderArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help="Name or id of the server that has it afterwards.")],
    as_json: JsonOption = False,
) -> None:
    """Move a folder from one server to another."""
    body = {"folder": whole(folder, hub), "to": find_server(hub, to)["id"]}
    server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/move", body)
    _told(server, as_json, "has the folder now")


@app.command()
@on_hub
def free(hub: HubClient, name: NameArgument, folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Let a server close an idle folder, which frees its memory; it is opened again when it is next used."""
    server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/free", {"folder": whole(folder, hub)})
    _told(server, as_json, "has closed the folder")


def whole(folder: Path, hub: HubClient) -> str:
    """Return the full path; with --url the folder is on the other machine, and no path of this one."""
    return str(folder) if not hub.local else os.path.abspath(os.path.expanduser(folder))


def _told(server: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        return show_json(server)
    print(f"Server {server['name']} {done}.")

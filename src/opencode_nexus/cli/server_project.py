# SPDX-License-Identifier: MIT
"""`opencode-nexus server project …`: the folders of a server."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
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
def add(
    name: NameArgument, folder: FolderArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Open one more folder on a server, which is not restarted for it."""
    with find_hub(home, url, token) as hub:
        server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects", {"folder": whole(folder, url)})
    _told(server, as_json, "has the folder now")


@app.command()
def remove(
    name: NameArgument, folder: FolderArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take a folder from a server. The folder and its sessions stay."""
    with find_hub(home, url, token) as hub:
        server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/remove", {"folder": whole(folder, url)})
    _told(server, as_json, "no longer has the folder")


@app.command()
def move(
    name: NameArgument, folder: FolderArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help="Name or id of the server that has it afterwards.")],
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Move a folder from one server to another."""
    with find_hub(home, url, token) as hub:
        body = {"folder": whole(folder, url), "to": find_server(hub, to)["id"]}
        server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/move", body)
    _told(server, as_json, "has the folder now")


@app.command()
def free(
    name: NameArgument, folder: FolderArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let a server close an idle folder, which frees its memory; it is opened again when it is next used."""
    with find_hub(home, url, token) as hub:
        server = hub.post(f"/servers/{find_server(hub, name)['id']}/projects/free", {"folder": whole(folder, url)})
    _told(server, as_json, "has closed the folder")


def whole(folder: Path, url: str | None) -> str:
    """Return the full path; with --url the folder is on the other machine, and no path of this one."""
    return str(folder) if url else os.path.abspath(os.path.expanduser(folder))


def _told(server: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        return show_json(server)
    print(f"Server {server['name']} {done}.")

# SPDX-License-Identifier: MIT
"""`opencode-nexus server …`: the OpenCode servers of the running hub."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.errors import HubSaid, UnclearName
from opencode_nexus.cli.table import Column, show, show_json, span

app = typer.Typer(
    help="The OpenCode servers of the running hub.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("STATE", "state"),
    ("UP", lambda row: span(row["uptime"])),
    ("PID", "pid"),
    ("PORT", "port"),
    ("VERSION", "version"),
    ("PROJECTS", lambda row: ", ".join(row["projects"])),
    ("ID", "id"),
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the server.")]


def find_server(hub: HubClient, name: str) -> dict[str, Any]:
    """Return the server with this id or name. Raises HubSaid (404) or UnclearName."""
    servers = hub.items("/servers")
    found = [s for s in servers if s["id"] == name] or [s for s in servers if s["name"] == name]
    if not found:
        problem = {
            "title": "There is no such server.",
            "detail": f"None has the name or id {name!r}.",
            "hint": "'opencode-nexus server list' shows the servers.",
        }
        raise HubSaid(problem, 404)
    if len(found) > 1:
        raise UnclearName(f"{len(found)} servers are named {name!r}.")
    return found[0]


@app.command("list")
def list_servers(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List the servers."""
    with find_hub(home, url, token) as hub:
        servers = hub.items("/servers")
    empty = "There are no servers yet. 'opencode-nexus server add' adds one."
    show(servers, COLUMNS, as_json=as_json, empty=empty)


@app.command()
def add(
    project: Annotated[list[Path], typer.Option("--project", help="Project folder; repeat for several.")],
    name: Annotated[str | None, typer.Option("--name", help="Default: that of the first folder.")] = None,
    autostart: Annotated[bool, typer.Option(help="Start it together with the hub.")] = True,
    start: Annotated[bool, typer.Option(help="Start it now.")] = True,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a server for one or more project folders, and start it."""
    # with --url the folders are on the other machine, and no path of this one
    folders = [str(p) if url else os.path.abspath(os.path.expanduser(p)) for p in project]
    body = {"name": name or Path(folders[0]).name or "server", "projects": folders, "autostart": autostart}
    with find_hub(home, url, token) as hub:
        server = hub.post("/servers", body)
        if start:
            server = hub.post(f"/servers/{server['id']}/start")
    _told(server, as_json, "is added" if not start else "is added and runs")


@app.command()
def start(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Start a server; returns when it answers."""
    with find_hub(home, url, token) as hub:
        _act(hub, name, "start", as_json, "runs")


@app.command()
def stop(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Stop a server and all that it started; returns when it is gone."""
    with find_hub(home, url, token) as hub:
        _act(hub, name, "stop", as_json, "is stopped")


@app.command()
def restart(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Stop a server and start it again."""
    with find_hub(home, url, token) as hub:
        _act(hub, name, "restart", as_json, "runs again")


@app.command()
def logs(
    name: NameArgument,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=5000, help="How many lines.")] = 200,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the last lines that a server wrote."""
    with find_hub(home, url, token) as hub:
        found = hub.get(f"/servers/{find_server(hub, name)['id']}/logs", lines=lines)["items"]
    if as_json:
        return show_json(found)
    for line in found:
        print(line)


@app.command()
def remove(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Stop a server and forget it. Its project folders and sessions stay as they are."""
    with find_hub(home, url, token) as hub:
        server = find_server(hub, name)
        hub.delete(f"/servers/{server['id']}")
    print(f"Server {server['name']} is removed. Its project folders are untouched.")


def _act(hub: HubClient, name: str, verb: str, as_json: bool, done: str) -> None:
    _told(hub.post(f"/servers/{find_server(hub, name)['id']}/{verb}"), as_json, done)


def _told(server: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        return show_json(server)
    where = f" (process {server['pid']}, port {server['port']})" if server["pid"] else ""
    print(f"Server {server['name']} {done}{where}.")

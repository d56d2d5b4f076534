# SPDX-License-Identifier: MIT
"""`opencode-nexus server …`: the OpenCode servers of the running hub."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli import server_attach, server_continue, server_project, server_resources
from opencode_nexus.cli import server_options as option
from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.complain import FAILED
from opencode_nexus.cli.on_hub import on_hub, taking
from opencode_nexus.cli.server_find import AllOption, NameArgument, NamesArgument, find_server, find_servers
from opencode_nexus.cli.server_project import whole
from opencode_nexus.cli.table import Column, show, show_json, span

BULK = 1800.0  # seconds that an order to many may take: a start up to 60 s each, two at once

app = typer.Typer(
    help="The OpenCode servers of the running hub.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.add_typer(server_project.app, name="project")
app.command("continue")(server_continue.go_on)
app.command()(server_attach.attach)
app.command()(server_attach.reattach)
app.command()(server_attach.found)
app.command()(server_resources.resources)
app.command()(server_resources.disk)

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("STATE", lambda row: f"{row['state']}{', changed' if row['changed'] else ''}"),
    ("UP", lambda row: span(row["uptime"])),
    ("PID", "pid"),
    ("PORT", "port"),
    ("VERSION", "version"),
    ("PROJECTS", lambda row: ", ".join(row["projects"])),
    ("ID", "id"),
)


@app.command("list")
@on_hub
def list_servers(hub: HubClient, as_json: JsonOption = False) -> None:
    """List the servers."""
    servers = hub.items("/servers")
    empty = "There are no servers yet. 'opencode-nexus server add' adds one."
    show(servers, COLUMNS, as_json=as_json, empty=empty)


@app.command()
@on_hub
@taking(option.wanted)
def add(
    wanted: option.Wanted,
    hub: HubClient,
    project: Annotated[list[Path], typer.Option("--project", help="Project folder; repeat for several.")],
    name: Annotated[str | None, typer.Option("--name", help="Default: that of the first folder.")] = None,
    autostart: Annotated[bool, typer.Option(help="Start it together with the hub.")] = True,
    start: Annotated[bool, typer.Option(help="Start it now.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Add a server for one or more project folders, and start it."""
    folders = [whole(folder, hub) for folder in project]
    body = {"name": name or Path(folders[0]).name or "server", "projects": folders, "autostart": autostart}
    body |= wanted.body()
    server = hub.post("/servers", body)
    if start:
        server = hub.post(f"/servers/{server['id']}/start")
    _told(server, as_json, "is added" if not start else "is added and runs")


@app.command()
@on_hub
@taking(option.wanted)
def edit(
    wanted: option.Wanted,
    hub: HubClient,
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    autostart: Annotated[bool | None, typer.Option(help="Start it together with the hub.")] = None,
    position: Annotated[int | None, typer.Option("--position", min=1, help="Its place in the list, from 1.")] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="NAME", help="Take a variable away; repeat for several.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a server; what is not given stays. What it is started with applies after its next start."""
    server = find_server(hub, name)
    body = option.given(name=new_name, autostart=autostart, position=position)
    body |= wanted.body(server["environment"], server["limits"], unset or ())
    if not body:
        raise typer.BadParameter("say what to change: 'opencode-nexus server edit --help' lists it")
    server = hub.request("PATCH", f"/servers/{server['id']}", body)
    _told(server, as_json, "is changed; that applies after its next start" if server["changed"] else "is changed")


@app.command()
@on_hub
def duplicate(
    hub: HubClient,
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", help="Default: that of the server with “copy”.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add a server like this one, on the same folders. It is not started, and not with the hub either."""
    server = hub.post(f"/servers/{find_server(hub, name)['id']}/duplicate", option.given(name=new_name))
    _told(server, as_json, "is added")


@app.command()
@on_hub
def start(hub: HubClient, names: NamesArgument = None, every: AllOption = False, as_json: JsonOption = False) -> None:
    """Start servers; returns when they answer."""
    _act(hub, names, every, "start", as_json, "runs")


@app.command()
@on_hub
def stop(hub: HubClient, names: NamesArgument = None, every: AllOption = False, as_json: JsonOption = False) -> None:
    """Stop servers and all that they started; returns when that is gone."""
    _act(hub, names, every, "stop", as_json, "is stopped")


@app.command()
@on_hub
def restart(
    hub: HubClient,
    names: NamesArgument = None,
    every: AllOption = False,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for agents that work: cut them off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop servers and start them again; with --all those that run. One on which an agent works is left until it is
    idle, and then restarted by the hub.
    """
    _act(hub, names, every, "restart", as_json, "runs again", {"when": "now" if now else "idle"})


@app.command("keep-running")
@on_hub
def keep_running(hub: HubClient, name: NameArgument, as_json: JsonOption = False) -> None:
    """Take back a restart that waits until a server is idle."""
    _told(hub.post(f"/servers/{find_server(hub, name)['id']}/keep-running"), as_json, "runs on")


@app.command()
@on_hub
def logs(
    hub: HubClient,
    name: NameArgument,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=5000, help="How many lines.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Print the last lines that a server wrote."""
    found = hub.get(f"/servers/{find_server(hub, name)['id']}/logs", lines=lines)["items"]
    if as_json:
        return show_json(found)
    for line in found:
        print(line)


@app.command()
@on_hub
def remove(hub: HubClient, name: NameArgument) -> None:
    """Stop a server and forget it. Its project folders and sessions stay as they are."""
    server = find_server(hub, name)
    hub.delete(f"/servers/{server['id']}")
    print(f"Server {server['name']} is removed. Its project folders are untouched.")


def _act(
    hub: HubClient, names: list[str] | None, every: bool, verb: str, as_json: bool, done: str,
    body: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    if bool(names) == every:
        raise typer.BadParameter("name one or more servers, or give --all")
    if names and len(names) == 1:
        server = hub.post(f"/servers/{find_server(hub, names[0])['id']}/{verb}", body)
        return _told(server, as_json, _waits(server) or done)
    ids = None if every else [server["id"] for server in find_servers(hub, names or ())]
    order = {"action": verb, "ids": ids, **(body or {})}
    outcomes = hub.request("POST", "/servers/bulk", order, within=BULK)["items"]
    if as_json:
        show_json(outcomes)
    elif not outcomes:
        print("There is no server to do that with.")
    else:
        for one in outcomes:
            said = f"{(one['server'] and _waits(one['server'])) or done}." if one["done"] else f"failed: {one['error']}"
            print(f"Server {one['name']} {said}")
            if not one["done"]:
                print(f"  {one['hint']}")
    if not all(one["done"] for one in outcomes):
        raise typer.Exit(FAILED)


def _waits(server: dict[str, Any]) -> str:
    return "is restarted as soon as no agent works on it" if server.get("planned") else ""


def _told(server: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        return show_json(server)
    where = f" (process {server['pid']}, port {server['port']})" if server["pid"] else ""
    print(f"Server {server['name']} {done}{where}.")

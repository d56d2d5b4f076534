# SPDX-License-Identifier: MIT
"""`opencode-nexus server …`: the OpenCode servers of the running hub."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli import server_attach, server_continue, server_project, server_resources
from opencode_nexus.cli import server_options as option
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.complain import FAILED
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
    env: option.EnvOption = None,
    secret: option.SecretOption = None,
    arguments: option.ArgumentsOption = None,
    opencode: option.VersionOption = None,
    memory_warn: option.WarnOption = None,
    memory_recycle: option.RecycleOption = None,
    memory_stop: option.StopOption = None,
    cpu: option.CpuOption = None,
    processes: option.ProcessesOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a server for one or more project folders, and start it."""
    folders = [whole(folder, url) for folder in project]
    body = {"name": name or Path(folders[0]).name or "server", "projects": folders, "autostart": autostart}
    body |= option.given(
        environment=option.environment([], env or (), secret or ()),
        arguments=option.arguments(arguments),
        version=opencode,
        limits=option.limits(
            {},
            memory_warn=memory_warn,
            memory_recycle=memory_recycle,
            memory_stop=memory_stop,
            cpu_percent=cpu,
            processes=processes,
        ),
    )
    with find_hub(home, url, token) as hub:
        server = hub.post("/servers", body)
        if start:
            server = hub.post(f"/servers/{server['id']}/start")
    _told(server, as_json, "is added" if not start else "is added and runs")


@app.command()
def edit(
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", help="Its new name.")] = None,
    autostart: Annotated[bool | None, typer.Option(help="Start it together with the hub.")] = None,
    position: Annotated[int | None, typer.Option("--position", min=1, help="Its place in the list, from 1.")] = None,
    env: option.EnvOption = None,
    secret: option.SecretOption = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="NAME", help="Take a variable away; repeat for several.")
    ] = None,
    arguments: option.ArgumentsOption = None,
    opencode: option.VersionOption = None,
    memory_warn: option.WarnOption = None,
    memory_recycle: option.RecycleOption = None,
    memory_stop: option.StopOption = None,
    cpu: option.CpuOption = None,
    processes: option.ProcessesOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a server; what is not given stays. What it is started with applies after its next start."""
    with find_hub(home, url, token) as hub:
        server = find_server(hub, name)
        body = option.given(
            name=new_name,
            autostart=autostart,
            position=position,
            environment=option.environment(server["environment"], env or (), secret or (), unset or ()),
            arguments=option.arguments(arguments),
            version=opencode,
            limits=option.limits(
                server["limits"],
                memory_warn=memory_warn,
                memory_recycle=memory_recycle,
                memory_stop=memory_stop,
                cpu_percent=cpu,
                processes=processes,
            ),
        )
        if not body:
            raise typer.BadParameter("say what to change: 'opencode-nexus server edit --help' lists it")
        server = hub.request("PATCH", f"/servers/{server['id']}", body)
    _told(server, as_json, "is changed; that applies after its next start" if server["changed"] else "is changed")


@app.command()
def duplicate(
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", help="Default: that of the server with “copy”.")] = None,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Add a server like this one, on the same folders. It is not started, and not with the hub either."""
    with find_hub(home, url, token) as hub:
        server = hub.post(f"/servers/{find_server(hub, name)['id']}/duplicate", option.given(name=new_name))
    _told(server, as_json, "is added")


@app.command()
def start(
    names: NamesArgument = None,
    every: AllOption = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Start servers; returns when they answer."""
    with find_hub(home, url, token) as hub:
        _act(hub, names, every, "start", as_json, "runs")


@app.command()
def stop(
    names: NamesArgument = None,
    every: AllOption = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Stop servers and all that they started; returns when that is gone."""
    with find_hub(home, url, token) as hub:
        _act(hub, names, every, "stop", as_json, "is stopped")


@app.command()
def restart(
    names: NamesArgument = None,
    every: AllOption = False,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for agents that work: cut them off.")] = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Stop servers and start them again; with --all those that run. One on which an agent works is left until it is
    idle, and then restarted by the hub.
    """
    with find_hub(home, url, token) as hub:
        _act(hub, names, every, "restart", as_json, "runs again", {"when": "now" if now else "idle"})


@app.command("keep-running")
def keep_running(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take back a restart that waits until a server is idle."""
    with find_hub(home, url, token) as hub:
        _told(hub.post(f"/servers/{find_server(hub, name)['id']}/keep-running"), as_json, "runs on")


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

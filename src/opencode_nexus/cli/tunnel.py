# SPDX-License-Identifier: MIT
"""`opencode-nexus tunnel …`: ways in from outside, of the running hub."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli import tunnel_guests
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.complain import FAILED
from opencode_nexus.cli.duration import NEVER, seconds
from opencode_nexus.cli.errors import HubSaid, ZoneUnclear
from opencode_nexus.cli.secret_file import token_in
from opencode_nexus.cli.table import show, show_json
from opencode_nexus.cli.tunnel_guests import NameArgument, at
from opencode_nexus.cli.tunnel_left import stop_all_without_hub
from opencode_nexus.cli.tunnel_words import TUNNELS, tell, tell_all, tell_test
from opencode_nexus.store.home import home_folder
from opencode_nexus.tunnels.config import EdgeProtocol, Kind

app = typer.Typer(
    help="Ways in from outside: Cloudflare tunnels of the running hub.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

POLL = 0.5  # seconds between two looks at a download
KINDS = {"token": "The tunnel's token", "api": "Cloudflare's API token"}
"""Kind that needs a secret → what is asked for."""

WaitOption = Annotated[
    int, typer.Option("--wait", min=0, max=120, help="Most seconds to wait until it is ready or has failed.")
]
HostnameOption = Annotated[
    str | None, typer.Option("--hostname", help="Public name, such as code.example.com; kinds api and config.")
]
ProtocolOption = Annotated[
    EdgeProtocol | None, typer.Option("--protocol", help="What cloudflared speaks to Cloudflare. Default: auto.")
]
AutostartOption = Annotated[bool | None, typer.Option("--autostart/--no-autostart", help="Start it with the hub.")]
AfterOption = Annotated[
    float | None,
    typer.Option("--stop-after", metavar="TIME", parser=seconds, help="Close it so long after its start: 8h; never."),
]
IdleOption = Annotated[
    float | None,
    typer.Option("--stop-idle", metavar="TIME", parser=seconds, help="Close it so long after the last visit: 30m."),
]
MailOption = Annotated[
    list[str] | None,
    typer.Option("--allowed-mail", help="Who passes Cloudflare's e-mail check; repeat for several. Quick only."),
]
CredentialsOption = Annotated[
    str | None, typer.Option("--credentials", metavar="FILE", help="Credentials file of an existing tunnel; config.")
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="File with the tunnel's token (token) or the API token (api), - for standard input. Else it is asked for.",
    ),
]


def _wish(url: str | None, **given: Any) -> dict[str, Any]:
    """Return what was given on the command line as the API takes it."""
    wish = {name: value for name, value in given.items() if value is not None}
    for name in ("stop_after", "stop_idle"):
        if wish.get(name) == NEVER:
            wish[name] = None
    if (file := wish.get("credentials")) and not url:  # with --url the file is on the other machine
        wish["credentials"] = os.path.abspath(os.path.expanduser(file))
    return wish


def _place(hub: HubClient, token: str, hostname: str | None) -> dict[str, str]:
    """Return the account and the zone that `hostname` belongs to; raises ZoneUnclear."""
    if not hostname:
        raise typer.BadParameter("--kind api needs --hostname, the public name that is to lead here.")
    zones = hub.post("/cloudflared/account", {"token": token})["zones"]
    fitting = [zone for zone in zones if f".{hostname.lower()}".endswith(f".{zone['name']}")]
    if not fitting:
        seen = ", ".join(sorted(zone["name"] for zone in zones)) or "no domain at all"
        raise ZoneUnclear(f"{hostname} is below none of them; it sees {seen}.")
    zone = max(fitting, key=lambda zone: len(zone["name"]))
    return {"account": zone["account"], "zone": zone["id"]}


@app.command("list")
def list_tunnels(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List the tunnels."""
    with find_hub(home, url, token) as hub:
        tunnels = hub.items("/tunnels")
    empty = "There are no tunnels yet. 'opencode-nexus tunnel add --name NAME --kind quick' adds one."
    show(tunnels, TUNNELS, as_json=as_json, empty=empty)


@app.command()
def add(
    name: Annotated[str, typer.Option("--name", help="What you call it.")],
    kind: Annotated[
        Kind,
        typer.Option(
            "--kind",
            help="quick: no account, a new address at each start. token: made in Cloudflare's dashboard. "
            "api: made for you with an API token. config: an existing tunnel with its credentials file.",
        ),
    ],
    hostname: HostnameOption = None,
    token_file: TokenFileOption = None,
    credentials: CredentialsOption = None,
    protocol: ProtocolOption = None,
    autostart: AutostartOption = None,
    stop_after: AfterOption = None,
    stop_idle: IdleOption = None,
    allowed_mail: MailOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a tunnel. It opens nothing by itself: 'tunnel start' does."""
    wish = _wish(
        url, name=name, kind=kind, hostname=hostname, credentials=credentials, protocol=protocol, autostart=autostart,
        stop_after=stop_after, stop_idle=stop_idle, allowed_mail=allowed_mail or None,
    )  # fmt: skip
    with find_hub(home, url, token) as hub:
        if kind in KINDS:
            wish["token"] = token_in(token_file, KINDS[kind])
        elif token_file is not None:
            raise typer.BadParameter("--token-file is for --kind token and --kind api.")
        if kind == "api":
            wish |= _place(hub, wish["token"], hostname)
        tunnel = hub.post("/tunnels", wish)
    if as_json:
        return show_json(tunnel)
    print(f"Tunnel {tunnel['name']} is added. 'opencode-nexus tunnel start {tunnel['name']}' opens it.")
    if tunnel["service"] and kind == "token":
        print(f"The service that must stand in Cloudflare's configuration: {tunnel['service']}")


@app.command()
def change(
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", help="What you want to call it.")] = None,
    hostname: HostnameOption = None,
    token_file: TokenFileOption = None,
    credentials: CredentialsOption = None,
    protocol: ProtocolOption = None,
    autostart: AutostartOption = None,
    stop_after: AfterOption = None,
    stop_idle: IdleOption = None,
    allowed_mail: MailOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a tunnel. One that runs has to be restarted to run as changed."""
    wish = _wish(
        url, name=new_name, hostname=hostname, credentials=credentials, protocol=protocol, autostart=autostart,
        stop_after=stop_after, stop_idle=stop_idle, allowed_mail=allowed_mail or None,
        token=None if token_file is None else token_in(token_file, KINDS["token"]),
    )  # fmt: skip
    if not wish:
        raise typer.BadParameter("say what is to be another way.")
    with find_hub(home, url, token) as hub:
        tunnel = hub.request("PATCH", at(name), wish)
    if as_json:
        return show_json(tunnel)
    print(f"Tunnel {tunnel['name']} is changed.")
    if tunnel["stale"]:
        print(f"It runs as it was before: 'opencode-nexus tunnel restart {tunnel['name']}'.")


@app.command()
def start(
    name: NameArgument,
    wait: WaitOption = 60,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Open a tunnel; returns when it is ready. Exit status 1 when it failed."""
    with find_hub(home, url, token) as hub:
        _opened(hub.request("POST", at(name, "start"), {}, wait=wait), as_json)


@app.command()
def restart(
    name: NameArgument,
    wait: WaitOption = 60,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Close a tunnel and open it again. A quick one gets another address."""
    with find_hub(home, url, token) as hub:
        _opened(hub.request("POST", at(name, "restart"), {}, wait=wait), as_json)


@app.command()
def stop(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name or id of the tunnel.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Close every tunnel, and end the logins of those who came through one.")
    ] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a tunnel, or all of them at once.

    With --all also those that a hub which crashed has left open.
    """
    if (name is None) is not everything:
        raise typer.BadParameter("name one tunnel, or give --all.")
    if name is None and not url and (done := stop_all_without_hub(home)) is not None:
        return _told_all(done, as_json, f"No hub runs on {home_folder(home)}, so this command did it. ")
    with find_hub(home, url, token) as hub:
        done = hub.post("/tunnels/stop-all" if name is None else at(name, "stop"))
    if name is None:
        return _told_all(done, as_json)
    if as_json:
        return show_json(done)
    tell(done)


@app.command()
def remove(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Close a tunnel and forget it. What was made for it at Cloudflare goes too, and nothing else."""
    with find_hub(home, url, token) as hub:
        hub.delete(at(name))
    print(f"Tunnel {name} is removed.")


@app.command()
def status(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how a tunnel is."""
    with find_hub(home, url, token) as hub:
        tunnel = hub.get(at(name))
    if as_json:
        return show_json(tunnel)
    tell_all(tunnel)


@app.command()
def logs(
    name: NameArgument,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=5000, help="How many lines.")] = 200,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the last lines that cloudflared wrote, without secrets."""
    with find_hub(home, url, token) as hub:
        found = hub.get(at(name, "logs"), lines=lines)["items"]
    if as_json:
        return show_json(found)
    for line in found:
        print(line)


@app.command("test")
def visit(
    name: NameArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Visit the hub through its public address and tell what passes. Exit status 1 when nothing could be said, or when
    someone without a login would get in.
    """
    with find_hub(home, url, token) as hub:
        found = hub.post(at(name, "test"))
    if as_json:
        show_json(found)
    else:
        tell_test(found)
    if found["verdict"] not in ("passed", "partly"):
        raise typer.Exit(FAILED)


for command in (tunnel_guests.pair, tunnel_guests.devices, tunnel_guests.visitors, tunnel_guests.links):
    app.command()(command)


@app.command()
def bring(
    cancel: Annotated[bool, typer.Option("--cancel", help="End the job that brings it; nothing half-done is used.")] = (
        False
    ),
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring cloudflared into the home folder: a tested version, verified before it is ever run."""
    with find_hub(home, url, token) as hub:
        if cancel:
            now = hub.post("/cloudflared/cancel")
            return show_json(now) if as_json else print(now["bringing"]["text"] or "It was not being brought.")
        now, said = hub.post("/cloudflared/bring"), ""
        while True:
            if now["bringing"]["text"] != said:
                said = now["bringing"]["text"]
                print(said, file=sys.stderr, flush=True)
            if not now["bringing"]["running"]:
                break
            time.sleep(POLL)
            now = hub.get("/cloudflared")
    if problem := now["bringing"]["error"] or now["problem"]:
        raise HubSaid(problem, int(problem.get("status", 500)))
    if as_json:
        return show_json(now)
    print(f"cloudflared {now['version']}: {now['path']}")


def _told_all(done: dict[str, Any], as_json: bool, first: str = "") -> None:
    """Tell what was closed."""
    if as_json:
        return show_json(done)
    print(f"{first}Closed: {', '.join(done['stopped']) or 'none was open'}. Logins ended: {done['logins_ended']}.")


def _opened(tunnel: dict[str, Any], as_json: bool) -> None:
    """Tell how far it came; ends with 1 when it failed."""
    if as_json:
        show_json(tunnel)
    elif tunnel["state"] != "failed":
        tell(tunnel)
    if tunnel["state"] == "failed":
        if not as_json:
            detail = {"title": f"Tunnel {tunnel['name']} failed.", "detail": tunnel["reason"]}
            raise HubSaid(tunnel["problem"] or detail, 502)
        raise typer.Exit(FAILED)

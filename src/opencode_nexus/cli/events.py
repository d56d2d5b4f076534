# SPDX-License-Identifier: MIT
"""`opencode-nexus events`: what happened, and what happens, on the running hub."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.server_find import find_server
from opencode_nexus.cli.table import Column, moment, show
from opencode_nexus.core.kinds import AT_LEAST, GROUPS, group_of, words_of
from opencode_nexus.core.unseen import plain

app = typer.Typer(add_completion=False, rich_markup_mode=None)

SILENCE = 60.0  # seconds; a hub that lives says so every 15
PIECE = 200  # lines asked for at one go
COLUMNS: tuple[Column, ...] = (
    ("WHEN", lambda row: moment(row["at"])),
    ("LEVEL", "level"),
    ("WHAT", "words"),
    ("EVENT", "text"),
)
KIND_HELP = f"Only this kind: {', '.join(GROUPS)}."


@app.command()
def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    level: Annotated[str, typer.Option(help="This level, or worse: info, warning, error.")] = "",
    server: Annotated[str, typer.Option(help="Name or id of a server, or id of a tunnel.")] = "",
    kind: Annotated[str, typer.Option(help=KIND_HELP)] = "",
    search: Annotated[str, typer.Option(help="Text to find; small letters find capitals, too.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=20_000, help="How many, the newest.")] = 50,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what happened on servers, tunnels and accounts, the oldest first."""
    if level and level not in AT_LEAST:
        raise typer.BadParameter(f"A level is one of {', '.join(AT_LEAST)}.")
    if kind and kind not in GROUPS:
        raise typer.BadParameter(f"A kind is one of {', '.join(GROUPS)}.")
    with find_hub(home, url, token) as hub:
        if server and not server.startswith(("srv_", "tun_")):
            server = find_server(hub, server)["id"]
        found = _kept(hub, lines, text=search, level=level, kind=kind or None, server=server)
        if not follow:
            return show(found, COLUMNS, as_json=as_json, empty="Nothing that happened fits that.")
        for line in found:
            _print(line, as_json)
        newest = found[-1]["id"] if found else 0
        with hub.stream("POST", "/events", {"topics": ["activity"]}, wait=SILENCE) as reply:
            event = ""
            for text in reply.iter_lines():
                name, _, value = text.partition(": ")
                if name == "event":
                    event = value
                if name == "data" and event == "hello":  # what came between the list and the stream
                    for line in _kept(hub, PIECE, text=search, level=level, kind=kind or None, server=server):
                        if line["id"] > newest:
                            newest = line["id"]
                            _print(line, as_json)
                elif name == "data" and event == "activity":
                    line = _line(json.loads(value)["data"])
                    if line["id"] > newest and _fits(line, level, kind, server, search):
                        newest = line["id"]
                        _print(line, as_json)


def _kept(hub: HubClient, lines: int, **asked: str | None) -> list[dict[str, Any]]:
    """Return the newest lines that fit, the oldest first."""
    found: list[dict[str, Any]] = []
    before: str | None = None
    while len(found) < lines:
        page = hub.get("/events", **asked, limit=min(PIECE, lines - len(found)), before=before)
        found += page["items"]
        before = page["next"]
        if before is None:
            break
    return found[::-1]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the stream as the list has it."""
    about = {name: row["data"].get(name) for name in ("tunnel_id", "session_id")}
    kept = {name: row[name] for name in ("id", "at", "kind", "level", "text", "server_id")}
    return {**kept, **about, "group": group_of(row["kind"]), "words": words_of(row["kind"])}


def _fits(line: Mapping[str, Any], level: str, kind: str, server: str, text: str) -> bool:
    return (
        (not level or line["level"] in AT_LEAST[level])
        and kind in ("", line["group"])
        and server in ("", line["server_id"], line["tunnel_id"])
        and text.lower() in line["text"].lower()
    )


def _print(line: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        return print(json.dumps(line, ensure_ascii=False), flush=True)
    print(f"{moment(line['at'])}  {line['level']:<7}  {plain(line['text'])}", flush=True)

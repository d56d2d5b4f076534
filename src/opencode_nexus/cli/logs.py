# SPDX-License-Identifier: MIT
"""`opencode-nexus logs`: what hub, servers and tunnels wrote. It reads the files themselves when no hub runs."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.errors import FileUnwritable, HubNotRunning
from opencode_nexus.cli.server_find import find_server
from opencode_nexus.cli.table import show_json
from opencode_nexus.install import ripgrep
from opencode_nexus.observe.log_bundle import bundle as bundled
from opencode_nexus.observe.log_entry import Entry, readable
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_search import search as search_files
from opencode_nexus.store.home import home_folder

app = typer.Typer(add_completion=False, rich_markup_mode=None)

SILENCE = 60.0  # seconds; a hub that lives says so every 15
PIECE = 1000  # entries asked for at one go


@app.command()
def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    level: Annotated[str, typer.Option(help="This level, or worse: debug, info, warning, error.")] = "",
    part: Annotated[str, typer.Option(help="Part of the hub, or server or tunnel: what those wrote.")] = "",
    server: Annotated[str, typer.Option(help="Name or id of a server, or id of a tunnel.")] = "",
    search: Annotated[str, typer.Option(help="Text to find; small letters find capitals, too.")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=100_000, help="How many, the newest.")] = 100,
    bundle: Annotated[Path | None, typer.Option(help="Write all log files, without secrets, to this .zip.")] = None,
    crash: Annotated[bool, typer.Option("--crash", help="Print the newest crash report instead.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the logs, the oldest line first; of the hub, and with --search, --server or --part of all that it runs."""
    try:
        with find_hub(home, url, token) as hub:
            return _from_hub(hub, follow, level, part, server, search, lines, bundle, crash, as_json)
    except HubNotRunning:
        if url or follow:
            raise
    files = LogFiles(home_folder(home) / "logs")
    if bundle is not None:
        return _write(bundle, bundled(files))
    if crash:
        reports = [(file.path.stem, file.path.read_text("utf-8", "replace")) for file in files.crashes()[-1:]]
        return _tell_crash(reports, as_json)
    found = search_files(
        files, LogQuery(search, level, part, server).checked(), lines, ripgrep=ripgrep.find(os.environ)
    )
    _tell(reversed(found.entries), as_json)


def _from_hub(
    hub: HubClient, follow: bool, level: str, part: str, server: str, search: str, lines: int, bundle: Path | None,
    crash: bool, as_json: bool,
) -> None:  # fmt: skip
    if bundle is not None:
        with hub.stream("GET", "/logs/bundle", wait=SILENCE) as reply:
            return _write(bundle, reply.iter_bytes())
    if crash:
        reports = [(report["name"], report["text"]) for report in hub.get("/logs/crashes")["items"][:1]]
        return _tell_crash(reports, as_json)
    if server and not server.startswith(("srv_", "tun_")):
        server = find_server(hub, server)["id"]
    asked = {"text": search, "level": level, "part": part, "server": server}
    if follow:
        return _follow(hub, {**asked, "lines": min(lines, PIECE)}, as_json)
    items: list[dict[str, Any]] = []
    before: str | None = None
    while len(items) < lines:
        page = hub.get("/logs", **asked, limit=min(PIECE, lines - len(items)), before=before)
        items += page["items"]
        before = page["next"]
        if before is None:
            break
    _tell(map(_entry, reversed(items)), as_json)


def _follow(hub: HubClient, asked: dict[str, Any], as_json: bool) -> None:
    with hub.stream("POST", "/logs/tail", asked, wait=SILENCE) as reply:
        event = ""
        for line in reply.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "entry":
                print(value if as_json else readable(_entry(json.loads(value))), flush=True)


def _entry(item: dict[str, Any]) -> Entry:
    at = None if item["at"] is None else datetime.fromtimestamp(item["at"], UTC)
    return Entry(at, item["level"], item["part"], item["message"], item["server"], item["where"], item["trace"])


def _item(entry: Entry) -> dict[str, Any]:
    """As the API tells it."""
    said = {"level": entry.level, "part": entry.part, "server": entry.about, "message": entry.message}
    return {"at": entry.epoch, **said, "where": entry.where, "trace": entry.trace}


def _tell(entries: Iterator[Entry], as_json: bool) -> None:
    if as_json:
        return show_json([_item(entry) for entry in entries])
    told = False
    for entry in entries:
        print(readable(entry))
        told = True
    if not told:
        print("Nothing in the logs fits that.")


def _tell_crash(reports: list[tuple[str, str]], as_json: bool) -> None:
    if as_json:
        return show_json([{"name": name, "text": text} for name, text in reports])
    print(reports[0][1] if reports else "There is no crash report.")


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    try:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise FileUnwritable(f"{path}: {error.strerror or error}.") from error
    print(f"The logs are in {path}. Look through them before you pass them on.")

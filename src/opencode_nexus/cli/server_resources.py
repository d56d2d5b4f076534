# SPDX-License-Identifier: MIT
"""`opencode-nexus server resources` and `server disk`: what a server takes, and the cleaning of what it keeps."""

from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.on_hub import on_hub
from opencode_nexus.cli.server_find import NameArgument, find_server
from opencode_nexus.cli.table import Column, Row, moment, show, show_json

KINDS = ("snapshots", "outputs", "logs", "cache", "database")


def size(count: float | None) -> str:
    """Return bytes in words, such as "1.2 GB" (powers of 1000); "not known" when there are none to tell."""
    if count is None:
        return "not known"
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _share(row: Row) -> str:
    return "not known" if row["cpu"] is None else f"{row['cpu']:.0f} %"


MEMBERS: tuple[Column, ...] = (
    ("PID", "pid"),
    ("CPU", _share),
    ("MEMORY", lambda row: size(row["memory"])),
    ("FILES", "files"),
    ("KIND", lambda row: {"server": "OpenCode", "": "tool"}.get(row["kind"], row["kind"])),
    ("COMMAND", lambda row: "  " * row["depth"] + row["command"]),
)
PARTS: tuple[Column, ...] = (("WHAT", "kind"), ("SIZE", lambda row: size(row["bytes"])), ("FILES", "files"))
ITEMS: tuple[Column, ...] = (
    ("SIZE", lambda row: size(row["bytes"])),
    ("KIND", "kind"),
    ("WHAT", "title"),
    ("WHAT IS LOST", "loses"),
)
HISTORY: tuple[Column, ...] = (("AT", lambda row: moment(row["at"])), ("VALUE", "value"))


@on_hub
def resources(
    hub: HubClient,
    name: NameArgument,
    history: Annotated[
        str, typer.Option(metavar="FIGURE", help="cpu, memory, files, processes or disk, over time.")
    ] = "",
    seconds: Annotated[float, typer.Option(help="How far the history goes back.")] = 600,
    as_json: JsonOption = False,
) -> None:
    """Print what a server takes: CPU, memory, open files, and each process of its tree."""
    at = f"/servers/{find_server(hub, name)['id']}/resources"
    if history:
        found = hub.get(f"{at}/history", what=history, seconds=seconds)["items"]
        return show(found, HISTORY, as_json=as_json, empty="Nothing was measured in that time.")
    told = hub.get(at)
    if as_json:
        return show_json(told)
    print(f"CPU {_share(told)} of a core, memory {size(told['memory'])} (its own: {size(told['own'])}),")
    files, processes = (told[one] if told[one] is not None else "not known" for one in ("files", "processes"))
    print(f"open files {files}, processes {processes}, OpenCode keeps {size(told['disk'])}.")
    print(told["guard"] or told["way"])
    show(told["members"], MEMBERS, as_json=False, empty="It has no process on this machine.")


@on_hub
def disk(
    hub: HubClient,
    name: NameArgument,
    clean: Annotated[bool, typer.Option("--clean", help="Delete what may go, after showing it.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help=f"Delete only {', '.join(KINDS)}; repeat for several.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what a server's OpenCode keeps on the disk, and delete what of it may go. No conversation is deleted."""
    if unknown := set(only or ()) - set(KINDS):
        raise typer.BadParameter(f"not {', '.join(sorted(unknown))}: choose of {', '.join(KINDS)}", param_hint="--only")
    at = f"/servers/{find_server(hub, name)['id']}/resources/disk"
    told = hub.get(at)
    items = [item for item in told["items"] if not only or item["kind"] in only]
    if not clean:
        if as_json:
            return show_json(told)
        show(told["parts"], PARTS, as_json=False, empty="")
        print(f"All together: {size(told['total'])}, in {told['data']} and {told['cache']}.\n")
        return show(items, ITEMS, as_json=False, empty="Nothing of it may go: there is only what chats need.")
    if not as_json:
        show(items, ITEMS, as_json=False, empty="Nothing of it may go: there is only what chats need.")
    if items and (yes or _agreed()):
        _clean(hub, at, items, as_json)


def _agreed() -> bool:
    return typer.confirm("Delete all of this?")


def _clean(hub: HubClient, at: str, items: list[dict[str, Any]], as_json: bool) -> None:
    done = hub.post(f"{at}/clean", {"items": [item["id"] for item in items]})
    if as_json:
        return show_json(done)
    print(f"Deleted. That was {size(done['bytes'])}.")

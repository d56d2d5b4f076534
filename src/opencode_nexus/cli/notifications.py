# SPDX-License-Identifier: MIT
"""`opencode-nexus notifications …`: the browsers that are told of what enters the inbox."""

from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show, show_json

app = typer.Typer(
    help="The browsers that are told of what enters the inbox. A browser switches this on by itself.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

DeviceArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id in the list.")]
COLUMNS: tuple[Column, ...] = (
    ("BROWSER", "agent"),
    ("KINDS", lambda row: ", ".join(row["kinds"])),
    ("QUIET", lambda row: f"{row['quiet']['start']} to {row['quiet']['end']}" if row["quiet"] else ""),
    ("TOLD", lambda row: moment(row["told"])),
    ("TROUBLE", lambda row: "signed out" if row["signed_out"] else row["trouble"]),
    ("ID", "id"),
)


@app.command("list")
def list_devices(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List the browsers that are told."""
    with find_hub(home, url, token) as hub:
        show(hub.items("/notifications"), COLUMNS, as_json=as_json, empty="No browser is told anything.")


@app.command("set")
def set_device(
    device: DeviceArgument,
    kind: Annotated[list[str] | None, typer.Option(help="What it is told; may be given again.")] = None,
    hide: Annotated[bool | None, typer.Option("--hide/--no-hide", help="Do not say what it is about.")] = None,
    quiet: Annotated[str, typer.Option(help="Quiet hours, such as 22:00-07:00, or none.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of the quiet hours, such as Europe/Paris.")] = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Choose what a browser is told, and when not. What is not given stays as it is."""
    with find_hub(home, url, token) as hub:
        now = next((one for one in hub.items("/notifications") if one["id"] == device), None)
        if now is None:
            raise typer.BadParameter(f"No browser has the id {device!r}; 'notifications list' shows them.")
        body: dict[str, Any] = {name: now[name] for name in ("kinds", "hide", "quiet")}
        if kind:
            body["kinds"] = kind
        if hide is not None:
            body["hide"] = hide
        if quiet:
            start, _, end = quiet.partition("-")
            body["quiet"] = None if quiet == "none" else {"start": start, "end": end, "zone": zone}
        told = hub.request("PUT", f"/notifications/{device}", body)
    show([told], COLUMNS, as_json=False, empty="") if not as_json else show_json(told)


@app.command()
def remove(
    device: DeviceArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Tell a browser nothing any more."""
    with find_hub(home, url, token) as hub:
        hub.delete(f"/notifications/{device}")
    print("That browser is told nothing any more.")


@app.command("test")
def try_device(
    device: DeviceArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Send a test to a browser."""
    with find_hub(home, url, token) as hub:
        hub.post(f"/notifications/{device}/test")
    print("A test is on its way.")

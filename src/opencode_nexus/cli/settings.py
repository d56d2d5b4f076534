# SPDX-License-Identifier: MIT
"""`opencode-nexus settings …`: those of the running hub."""

from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, show, show_json

app = typer.Typer(
    help="The settings of the running hub.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


def words(value: Any) -> str:
    """Return a value as flags, variables and `settings set` take it."""
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("IN FORCE", lambda row: words(row["value"])),
    ("KEPT", lambda row: words(row["entry"])),
    ("CHANGE", lambda row: ("next start" if row["restart"] else "at once") if row["editable"] else "flag only"),
    ("WHAT", "help"),
)


@app.command("list")
def list_settings(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List all settings, with what is in force and how each can be changed."""
    with find_hub(home, url, token) as hub:
        show(hub.items("/settings"), COLUMNS, as_json=as_json, empty="There are no settings.")


@app.command("set")
def set_setting(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in the list, such as log_days.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What it shall be; '' is empty.")],
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Change a setting, as the settings page does. A flag or environment variable of the hub goes before it."""
    name = name.replace("-", "_")
    with find_hub(home, url, token) as hub:
        told = hub.request("PATCH", "/settings", {name: value})["items"]
    (now,) = (one for one in told if one["name"] == name)
    if as_json:
        return show_json(now)
    if not now["waits"]:
        return print(f"{name} is {words(now['value']) or 'empty'} now.")
    print(f"{name} is kept for the next start of the hub, unless {now['flag']} or {now['env']} is given.")
    print(f"In force now: {words(now['value']) or 'empty'}.")

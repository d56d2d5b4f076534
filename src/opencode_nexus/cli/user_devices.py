# SPDX-License-Identifier: MIT
"""`opencode-nexus user devices`: the browsers that are signed in."""

from typing import Annotated

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("BROWSER", lambda row: row["agent"][:60]),
    ("FROM", lambda row: f"{row['source']}{', tunnel' if row['remote'] else ''}"),
    ("SIGNED IN", lambda row: moment(row["created"])),
    ("LAST USED", lambda row: moment(row["last_seen"])),
    ("ID", "id"),
)


def devices(
    sign_out: Annotated[str, typer.Option(help="Id of one to sign out.")] = "",
    sign_out_all: Annotated[bool, typer.Option("--sign-out-all", help="Sign all of them out.")] = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the browsers that are signed in on the running hub, or sign them out."""
    with find_hub(home, url, token) as hub:
        if sign_out:
            hub.delete(f"/logins/{sign_out}")
        if sign_out_all:
            hub.delete("/logins")
        show(hub.items("/logins"), COLUMNS, as_json=as_json, empty="No browser is signed in.")

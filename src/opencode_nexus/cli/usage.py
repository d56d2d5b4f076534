# SPDX-License-Identifier: MIT
"""`opencode-nexus usage`: what agents took, in tokens and dollars."""

from typing import Annotated, Literal

import typer

from opencode_nexus.cli.chat_find import ServerOption, chat_path
from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, Row, show, show_json

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _dollars(row: Row) -> str:
    cost = row["cost"]
    return "" if cost is None else f"{cost:.2f}{'+' if row['unpriced'] else ''}"


COLUMNS: tuple[Column, ...] = (
    ("", lambda row: row["title"] or row["key"]),
    ("ANSWERS", "answers"),
    ("TOKENS", "tokens"),
    ("IN", "input"),
    ("OUT", "output"),
    ("CACHE", lambda row: row["cache_read"] + row["cache_write"]),
    ("US $", _dollars),
)


@app.command()
def usage(
    by: Annotated[Literal["day", "model", "project", "session"], typer.Option(help="What to add up by.")] = "day",
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD; left out: the very first.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD; left out: today.")] = "",
    chat: Annotated[str, typer.Option(help="Id or title of a chat: what that took, by model.")] = "",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show what agents took. A + after the dollars: some answers had no price, and are not in them."""
    with find_hub(home, url, token) as hub:
        if chat:
            told = hub.get(f"{chat_path(hub, server, chat)}/usage", limit=1 if not as_json else 200)
            if as_json:
                return show_json(told)
            rows = [*told["models"], {**told["used"], "key": "all", "title": None}]
        else:
            rows = hub.items("/usage", by=by, **{"from": first or None, "to": last or None})
    show(rows, COLUMNS, as_json=as_json, empty="No agent took anything then.")

# SPDX-License-Identifier: MIT
"""`opencode-nexus search`: what was said, on all servers."""

from typing import Annotated, Literal

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.server_find import find_server
from opencode_nexus.cli.table import Column, moment, show

app = typer.Typer(add_completion=False, rich_markup_mode=None)

COLUMNS: tuple[Column, ...] = (
    ("CHAT", "title"),
    ("WHO", lambda row: row["tool"] or row["role"]),
    ("WHEN", lambda row: moment(row["created"])),
    ("WORDS", lambda row: " ".join(row["snippet"].split())),
    ("CHAT ID", "session_id"),
)


@app.command()
def search(
    words: Annotated[
        str, typer.Argument(help='All must be there: words, "phrases", -without, begin*. Left out: the newest.')
    ] = "",
    server: Annotated[str, typer.Option(help="Name or id of a server.")] = "",
    project: Annotated[str, typer.Option(help="A project folder.")] = "",
    role: Annotated[Literal["user", "assistant", ""], typer.Option(help="Who said it: user or assistant.")] = "",
    tool: Annotated[str, typer.Option(help="What a tool did, such as bash.")] = "",
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=200, help="How many.")] = 20,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew instead.")] = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Search what was said in all chats, best first."""
    with find_hub(home, url, token) as hub:
        if rebuild:
            hub.post("/search/rebuild")
            return print("The index is made anew. The present one answers meanwhile.")
        server = find_server(hub, server)["id"] if server else ""
        who = "agent" if role == "assistant" else role or None
        asked = {"q": words, "server": server, "project": project, "role": who, "tool": tool}
        found = hub.get("/search", **asked, limit=number)
    wordless = "There is no word in that to search for: signs are not searched."
    empty = wordless if found.get("no_word") else "Nothing was found."  # a hub of an earlier version does not tell
    show(found["items"], COLUMNS, as_json=as_json, empty=empty)

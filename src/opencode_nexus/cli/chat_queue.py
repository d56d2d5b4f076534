# SPDX-License-Identifier: MIT
"""`opencode-nexus chat queue|unsent`: messages that wait until the agent is done, and those that were not taken."""

from typing import Annotated

import typer

from opencode_nexus.cli.chat_find import ChatArgument, ServerOption, chat_path
from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show

COLUMNS: tuple[Column, ...] = (
    ("SINCE", lambda row: moment(row["at"])),
    ("MESSAGE", lambda row: " ".join(row["text"].split())[:60]),
    ("HELD", "held"),
    ("ID", "id"),
)


def queue(
    chat: ChatArgument,
    send: Annotated[str, typer.Option(help="Id of one to send at once.")] = "",
    change: Annotated[str, typer.Option(help="Id of one to write anew; goes with --text.")] = "",
    text: Annotated[str, typer.Option(help="What it says from now on.")] = "",
    drop: Annotated[str, typer.Option(help="Id of one to take out.")] = "",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what waits in a chat until the agent is done, or send, change or drop one of these messages."""
    if bool(change) != bool(text):
        raise typer.BadParameter("--change and --text go together.")
    with find_hub(home, url, token) as hub:
        path = f"{chat_path(hub, server, chat)}/queue"
        if send:
            hub.post(f"{path}/{send}/send")
        if change:
            hub.request("PATCH", f"{path}/{change}", {"text": text})
        if drop:
            hub.delete(f"{path}/{drop}")
        show(hub.items(path), COLUMNS, as_json=as_json, empty="Nothing waits.")


def unsent(
    chat: ChatArgument,
    send: Annotated[str, typer.Option(help="Id of one to send again.")] = "",
    drop: Annotated[str, typer.Option(help="Id of one to forget.")] = "",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the messages that OpenCode did not take, as it was killed in that moment, or send or forget one."""
    with find_hub(home, url, token) as hub:
        path = chat_path(hub, server, chat)
        if send:
            hub.post(f"{path}/unsent/{send}/send")
        if drop:
            hub.delete(f"{path}/unsent/{drop}")
        messages = hub.get(f"{path}/messages", limit=1)["items"]
    lost = [one for one in messages if (one["error"] or {}).get("name") == "NotTaken"]
    rows = [
        {"at": one["created"], "text": " ".join(part["text"] or "" for part in one["parts"]), "held": "", **one}
        for one in lost
    ]
    show(rows, COLUMNS, as_json=as_json, empty="OpenCode took every message.")

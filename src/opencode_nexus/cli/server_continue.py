# SPDX-License-Identifier: MIT
"""`opencode-nexus server continue`: chats that were cut off when their server stopped go on."""

from typing import Annotated

import typer

from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.on_hub import on_hub
from opencode_nexus.cli.server_find import NameArgument, find_server
from opencode_nexus.cli.table import Column, moment, show

CUT_OFF: tuple[Column, ...] = (
    ("AT", lambda row: moment(row["at"])),
    ("CHAT", "title"),
    ("WHY", "reason"),
    ("ID", "session_id"),
)


@on_hub
def go_on(
    hub: HubClient,
    name: NameArgument,
    chat: Annotated[
        list[str] | None, typer.Option("--chat", help="Id of one; repeat for several. Default: all.")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Only list those that were cut off.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with the chats of a server that were cut off: each agent is told “Continue where you left off.”."""
    at = f"/servers/{find_server(hub, name)['id']}"
    cut = hub.items(f"{at}/interrupted")
    if chat is not None:
        known = {row["session_id"]: row for row in cut}
        empty = {"title": "", "at": 0.0, "reason": ""}
        cut = [known.get(one, {"session_id": one, **empty}) for one in chat]
    for row in () if only_list else cut:
        hub.post(f"{at}/sessions/{row['session_id']}/continue")
    show(cut, CUT_OFF, as_json=as_json, empty="None of its chats was cut off.")

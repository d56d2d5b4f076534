# SPDX-License-Identifier: MIT
"""A chat of the running hub by its id or title."""

from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HubClient
from opencode_nexus.cli.errors import HubSaid, UnclearName
from opencode_nexus.cli.server_find import find_server

ServerOption = Annotated[
    str, typer.Option("--server", help="Name or id of the server; left out: the only one, or the only one that runs.")
]
ChatArgument = Annotated[str, typer.Argument(metavar="CHAT", help="Id or title of the chat.")]


def server_of(hub: HubClient, name: str) -> dict[str, Any]:
    """Return the server with this name or id; for "" the only one there is, or that runs.

    Raises HubSaid (404) or UnclearName.
    """
    if name:
        return find_server(hub, name)
    servers = hub.items("/servers")
    running = [one for one in servers if one["state"] == "running"]
    for fits in (servers, running):
        if len(fits) == 1:
            return fits[0]
    if servers:
        raise UnclearName(
            f"{len(servers)} servers are there, {len(running)} of them running.", hint="Name one with --server."
        )
    problem = {
        "title": "There is no server yet.",
        "hint": "Add one with 'opencode-nexus server add --project FOLDER'.",
    }
    raise HubSaid(problem, 404)


def chat_path(hub: HubClient, server: str, chat: str) -> str:
    """Return where the API has a chat, by its id or title. Raises HubSaid (404) or UnclearName."""
    sessions = f"/servers/{server_of(hub, server)['id']}/sessions"
    if chat.startswith("ses_"):
        return f"{sessions}/{chat}"
    fits = [one for one in hub.items(sessions, limit=200) if one["title"] == chat and not one["parent_id"]]
    if not fits:
        problem = {
            "title": "There is no such chat.",
            "detail": f"None has the title or id {chat!r}.",
            "hint": "'opencode-nexus chat list' shows the chats.",
        }
        raise HubSaid(problem, 404)
    if len(fits) > 1:
        raise UnclearName(f"{len(fits)} chats have the title {chat!r}.")
    return f"{sessions}/{fits[0]['id']}"

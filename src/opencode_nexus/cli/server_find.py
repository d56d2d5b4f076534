# SPDX-License-Identifier: MIT
"""A server of the running hub by its name or id."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from opencode_nexus.cli.client import HubClient
from opencode_nexus.cli.errors import HubSaid, UnclearName

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the server.")]
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="NAME...", help="Names or ids of the servers.", show_default=False)
]
AllOption = Annotated[bool, typer.Option("--all", help="All servers, in their order.")]


def find_server(hub: HubClient, name: str) -> dict[str, Any]:
    """Return the server with this id or name. Raises HubSaid (404) or UnclearName."""
    return find_servers(hub, [name])[0]


def find_servers(hub: HubClient, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the servers with these ids or names, each once. Raises HubSaid (404) or UnclearName."""
    servers = hub.items("/servers")
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        fits = [s for s in servers if s["id"] == name] or [s for s in servers if s["name"] == name]
        if not fits:
            problem = {
                "title": "There is no such server.",
                "detail": f"None has the name or id {name!r}.",
                "hint": "'opencode-nexus server list' shows the servers.",
            }
            raise HubSaid(problem, 404)
        if len(fits) > 1:
            raise UnclearName(f"{len(fits)} servers are named {name!r}.")
        found[fits[0]["id"]] = fits[0]
    return list(found.values())

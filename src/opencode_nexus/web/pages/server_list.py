# SPDX-License-Identifier: MIT
"""All servers on one page, live, and orders to several of them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.overview import count
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.server_card import ServerCard, server_cards

TOPIC = "servers"
VERBS = {"start": "Start", "stop": "Stop", "restart": "Restart"}


class ServersSource(Pieces):
    """Feeds the topic `servers` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub) -> None:
        rows, region = (hub.pages.macro("server_list_parts.html", name) for name in ("rows", "region"))
        base = hub.settings.base_path

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            return {"servers-rows": rows(server_cards(hub), url)}

        super().__init__(hub.bus, ("server", "session", "usage"), make, region, hub.usage.watch)


async def show(request: Request) -> Response:
    """GET /servers"""
    hub: Hub = request.state.hub
    channel = await hub.live.open(TOPIC)
    cursor, region = channel.snapshot()
    return hub.pages.response(
        request, "server_list.html", topic=TOPIC, cursor=cursor, region=region, any=bool(hub.fleet.list())
    )


async def order(request: Request) -> Response:
    """POST /servers/order: starts, stops or restarts those that are ticked, or all.

    It asks before an agent would be cut off, and before all are meant. What follows shows on the page.
    """
    hub: Hub = request.state.hub
    async with request.form() as form:
        action, when = str(form.get("action", "")), str(form.get("when", ""))
        ids, sure = [str(value) for value in form.getlist("id")], bool(form.get("sure"))
    if action not in VERBS or when not in ("", "now", "idle"):
        raise BadRequest("It was not said what to do.", hint="Use the buttons on the page of the servers.")
    cards = [card for card in server_cards(hub) if not ids or card.server.id in ids]
    if action == "restart" and not ids:
        cards = [card for card in cards if card.server.state == "running"]
    busy = [card for card in cards if card.running] if action != "start" else []
    if cards and not sure and (busy or not ids):
        return _ask(request, action, cards, busy)
    chosen: list[str] = [card.server.id for card in cards]
    if chosen:
        hub.fleet.order(action, chosen, "now" if when == "now" else "idle")  # type: ignore[arg-type]
    return RedirectResponse(f"{hub.settings.base_path}/servers", 303)


def _ask(request: Request, action: str, cards: list[ServerCard], busy: list[ServerCard]) -> Response:
    hub: Hub = request.state.hub
    values: dict[str, Any] = {"action": action, "verb": VERBS[action], "cards": cards, "busy": busy}
    return hub.pages.response(request, "server_order.html", many=count(len(cards), "server"), **values)


routes: list[BaseRoute] = [
    Route("/servers", show, methods=["GET"]),
    Route("/servers/order", order, methods=["POST"]),
]

# SPDX-License-Identifier: MIT
"""Connecting a phone: a link, and its QR code, that signs one device in, once."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import DeviceNameBad
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.remote_password import asks, refusal
from opencode_nexus.web.pages.remote_view import card_of

NAME = "My phone"


def _ask(request: Request, status: int = 200, name: str = NAME, errors: dict[str, str] | None = None) -> Response:
    hub: Hub = request.state.hub
    card = card_of(hub, hub.tunnels.get(request.path_params["id"]))
    if card.url is None:
        return RedirectResponse(f"{hub.settings.base_path}/remote/{card.info.id}", 303)
    return hub.pages.response(
        request,
        "remote_pair.html",
        status,
        card=card,
        name=name,
        errors=errors or {},
        asks=asks(request),
        waiting=hub.pairing.waiting(request.state.who),
    )


async def show(request: Request) -> Response:
    """GET /remote/{id}/pair"""
    return _ask(request)


async def pair(request: Request) -> Response:
    """POST /remote/{id}/pair: shows the link, here and never again (so no redirect)."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        name = str(form.get("name", "")).strip()
        if error := await refusal(request, form):
            return _ask(request, error.status, name, {"password": f"{error.title} {error.detail}".strip()})
    card = card_of(hub, hub.tunnels.get(request.path_params["id"]))
    if card.url is None:
        return _ask(request)
    try:
        invited = await hub.pairing.invite(request.state.who, name, source=request.state.sender.address)
    except DeviceNameBad as error:
        return _ask(request, error.status, name, {"name": f"{error.title} {error.detail}".strip()})
    link = card.url.rstrip("/") + hub.settings.base_path + invited.path
    body = f"Open this link on {name} within five minutes. It works once.\n\n{link}\n"
    return hub.pages.response(
        request,
        "remote_paired.html",
        201,
        card=card,
        name=invited.name,
        link=link,
        link_id=invited.id,
        expires=invited.expires,
        mail=f"mailto:?subject={quote('OpenCode Nexus: connect ' + name)}&body={quote(body)}",
    )


async def cancel(request: Request) -> Response:
    """POST /remote/{id}/pair/{link}/cancel: takes a link back that was not used yet."""
    hub: Hub = request.state.hub
    await hub.pairing.cancel(request.state.who, request.path_params["link"])
    return RedirectResponse(f"{hub.settings.base_path}/remote/{request.path_params['id']}/pair", 303)


routes: list[BaseRoute] = [
    Route("/remote/{id}/pair", show, methods=["GET"]),
    Route("/remote/{id}/pair", pair, methods=["POST"]),
    Route("/remote/{id}/pair/{link}/cancel", cancel, methods=["POST"]),
]

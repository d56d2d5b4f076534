# SPDX-License-Identifier: MIT
"""The page of remote access: all tunnels, who came in through them, cloudflared, and closing everything."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.live.channel import Channel
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import remote_api, remote_form, remote_pair, remote_tunnel
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.remote_password import form_page
from opencode_nexus.web.pages.remote_view import RemoteView, cards, program_view, visitors

TOPIC = "remote"
PIECES = ("head", "tunnels", "program", "people")
HEARD = ("tunnel", "tunnel-removed", "access", "install-cloudflared", "usage")


class RemoteSource(Pieces):
    """Feeds the topic `remote` while somebody looks; `app.py` registers it."""

    def __init__(self, hub: Hub) -> None:
        macros = {name: hub.pages.macro("remote_parts.html", name) for name in (*PIECES, "region")}
        base = hub.settings.base_path
        self._hub = hub

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            view = RemoteView(cards(hub), visitors(hub), program_view(hub))
            return {f"rem-{name}": macros[name](view, url) for name in PIECES}

        super().__init__(hub.bus, HEARD, make, macros["region"], hub.usage.watch)

    async def start(self, channel: Channel) -> None:
        """Look for cloudflared first, when no page has done so."""
        if self._hub.opener.seen is None:
            await self._hub.opener.look()
        await super().start(channel)


async def show(request: Request) -> Response:
    """GET /remote"""
    hub: Hub = request.state.hub
    await hub.opener.look()
    channel = await hub.live.open(TOPIC)
    channel.touch()  # what was seen just now
    cursor, region = channel.snapshot()
    running = hub.cloudflared.progress.running
    return hub.pages.response(request, "remote.html", topic=TOPIC, cursor=cursor, region=region, running=running)


async def ask_stop_all(request: Request) -> Response:
    """GET /remote/stop-all: asks first, where no script can."""
    hub: Hub = request.state.hub
    return hub.pages.response(
        request,
        "remote_ask.html",
        title="Close every tunnel?",
        text="Every tunnel is closed at once, and everybody who came in through one is signed out.",
        yes="Close everything",
        action="/remote/stop-all",
        back=own_path(request.query_params.get("back", ""), "/remote"),
    )


async def stop_all(request: Request) -> Response:
    """POST /remote/stop-all"""
    hub: Hub = request.state.hub
    async with request.form() as form:
        back = own_path(str(form.get("back", "")), "/remote")
    request.state.farewell = True
    hub.opener.forget_all()
    try:
        await hub.tunnels.stop_all()
    finally:  # even when one of them cannot be closed
        await hub.access.end_remote(source=request.state.sender.address)
    return RedirectResponse(hub.settings.base_path + back, 303)


async def bring(request: Request) -> Response:
    """POST /remote/cloudflared/bring"""
    hub: Hub = request.state.hub
    if not hub.cloudflared.running:
        hub.cloudflared.bring()
    return RedirectResponse(f"{hub.settings.base_path}/remote", 303)


async def cancel(request: Request) -> Response:
    """POST /remote/cloudflared/cancel"""
    hub: Hub = request.state.hub
    await hub.cloudflared.cancel()
    return RedirectResponse(f"{hub.settings.base_path}/remote", 303)


async def sign_out(request: Request) -> Response:
    """POST /remote/visitors/{login}/end: signs one of them out."""
    hub: Hub = request.state.hub
    request.state.farewell = True
    who = request.state.who
    owner = who.user_id or next((user.id for user in hub.access.users()), "")
    await hub.access.revoke_login(owner, request.path_params["login"], source=request.state.sender.address)
    return RedirectResponse(f"{hub.settings.base_path}/remote", 303)


routes: list[BaseRoute] = [
    Route("/remote", show, methods=["GET"]),
    Route("/remote/stop-all", ask_stop_all, methods=["GET"]),
    Route("/remote/stop-all", stop_all, methods=["POST"]),
    Route("/remote/password", form_page, methods=["GET"]),
    Route("/remote/cloudflared/bring", bring, methods=["POST"]),
    Route("/remote/cloudflared/cancel", cancel, methods=["POST"]),
    Route("/remote/visitors/{login}/end", sign_out, methods=["POST"]),
    *remote_api.routes,
    *remote_form.routes,
    *remote_pair.routes,
    *remote_tunnel.routes,
]

# SPDX-License-Identifier: MIT
"""One tunnel's page, live, and the forms that start, stop, restart, test and remove it."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.bus import Record
from opencode_nexus.core.errors import NexusError, NotFound
from opencode_nexus.live.channel import Channel
from opencode_nexus.tunnels.status import TunnelInfo
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.remote_log import readable
from opencode_nexus.web.pages.remote_password import first
from opencode_nexus.web.pages.remote_view import card_of

LINES = 100  # of its log shown on the page; some 10 KB, which are sent again when a line comes
PIECES = ("now", "test", "requests", "log", "phone", "facts", "permanent")


STOP_TEXT = "Nobody reaches this hub through it any more, you neither if you came that way. It can be started again."


class TunnelSource(Pieces):
    """Feeds the topic `tunnel:<id>` while somebody looks; `app.py` registers it.

    The log is read again when something else of the tunnel has changed: what changes it is in the log, too.
    """

    def __init__(self, hub: Hub, tunnel_id: str) -> None:
        macros = {name: hub.pages.macro("remote_tunnel_parts.html", name) for name in (*PIECES, "region")}
        base = hub.settings.base_path
        self._hub, self._id = hub, tunnel_id
        self._log: list[str] = []
        self._reading: asyncio.Task[None] | None = None
        self._stale = False  # something was told since the reading began

        def url(path: str) -> str:
            return base + path

        def make() -> Html:
            try:
                card = card_of(hub, hub.tunnels.get(tunnel_id))
            except NotFound:  # removed while the page was open
                return {}
            return {f"tun-{name}": macros[name](card, url, self._log) for name in PIECES}

        super().__init__(hub.bus, ("tunnel", "install-cloudflared"), make, macros["region"], self._follow)

    async def start(self, channel: Channel) -> None:
        """Read the log first."""
        self._channel = channel
        await self._read()
        await super().start(channel)

    def _follow(self) -> Callable[[], None]:
        end = self._hub.bus.listen(self._heard, "tunnel")

        def stop() -> None:
            end()
            if self._reading is not None:
                self._reading.cancel()

        return stop

    def _heard(self, record: Record) -> None:
        if not isinstance(record.data, TunnelInfo) or record.data.id != self._id:
            return
        self._stale = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name=f"log of {self._id}")

    async def _read(self) -> None:
        self._stale = True
        while self._stale:
            self._stale = False
            try:
                lines = await self._hub.tunnels.logs(self._id, LINES)
            except NotFound:  # removed meanwhile
                return
            if (log := [readable(line) for line in lines]) != self._log:
                self._log = log
                self._channel.touch()


async def show(request: Request) -> Response:
    """GET /remote/{id}"""
    return await _page(request)


async def _page(request: Request, error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    info = hub.tunnels.get(request.path_params["id"])
    topic = f"tunnel:{info.id}"
    channel = await hub.live.open(topic)
    cursor, region = channel.snapshot()
    view: dict[str, Any] = {"card": card_of(hub, info), "topic": topic, "cursor": cursor, "region": region}
    view["errors"] = {} if error is None else {"": f"{error.title} {error.detail} {error.hint}".replace("  ", " ")}
    status = 200 if error is None else error.status
    return hub.pages.response(request, "remote_tunnel.html", status, **view)


async def start(request: Request) -> Response:
    """POST /remote/{id}/start: asks for the password first when the login is old."""
    return await _open(request, "start")


async def restart(request: Request) -> Response:
    """POST /remote/{id}/restart: as start."""
    return await _open(request, "restart")


async def _open(request: Request, action: str) -> Response:
    hub: Hub = request.state.hub
    tunnel_id = hub.tunnels.get(request.path_params["id"]).id
    async with request.form() as form:
        back = own_path(str(form.get("back", "")), f"/remote/{tunnel_id}")
        if asking := await first(request, form, f"/remote/{tunnel_id}/{action}", back):
            return asking
    try:
        if action == "restart":
            await hub.tunnels.restart_tunnel(tunnel_id)
        else:
            await hub.opener.start(tunnel_id)
    except NexusError as error:
        if hub.tunnels.get(tunnel_id).status.problem is None:  # else the card says it
            return await _page(request, error)
    return RedirectResponse(hub.settings.base_path + back, 303)


async def ask_stop(request: Request) -> Response:
    """GET /remote/{id}/stop: asks first, where no script can."""
    return _ask(request, "stop", "Close {}?", STOP_TEXT, "Close the tunnel")


async def stop(request: Request) -> Response:
    """POST /remote/{id}/stop"""
    hub: Hub = request.state.hub
    tunnel_id = hub.tunnels.get(request.path_params["id"]).id
    back = await _back(request, f"/remote/{tunnel_id}")
    hub.opener.forget(tunnel_id)
    await hub.tunnels.stop_tunnel(tunnel_id)
    return back


async def test(request: Request) -> Response:
    """POST /remote/{id}/test: the self test now; what it finds shows on the page."""
    hub: Hub = request.state.hub
    tunnel_id = hub.tunnels.get(request.path_params["id"]).id
    back = await _back(request, f"/remote/{tunnel_id}")
    await hub.tunnels.run_selftest(tunnel_id)
    return back


async def ask_remove(request: Request) -> Response:
    """GET /remote/{id}/remove: asks first, where no script can."""
    hub: Hub = request.state.hub
    info = hub.tunnels.get(request.path_params["id"])
    return _ask(request, "remove", "Remove {}?", card_of(hub, info).loss, "Remove the tunnel")


async def remove(request: Request) -> Response:
    """POST /remote/{id}/remove"""
    hub: Hub = request.state.hub
    tunnel_id = hub.tunnels.get(request.path_params["id"]).id
    hub.opener.forget(tunnel_id)
    try:
        await hub.tunnels.remove_tunnel(tunnel_id)
    except NexusError as error:
        return await _page(request, error)
    return RedirectResponse(f"{hub.settings.base_path}/remote", 303)


def _ask(request: Request, action: str, title: str, text: str, yes: str) -> Response:
    hub: Hub = request.state.hub
    info = hub.tunnels.get(request.path_params["id"])
    at = f"/remote/{info.id}"
    return hub.pages.response(
        request,
        "remote_ask.html",
        title=title.format(info.config.name),
        text=text,
        yes=yes,
        action=f"{at}/{action}",
        back=own_path(request.query_params.get("back", ""), at),
    )


async def _back(request: Request, default: str) -> Response:
    # made before the work, which takes seconds: a page that is closed meanwhile takes its form with it
    hub: Hub = request.state.hub
    async with request.form() as form:
        back = own_path(str(form.get("back", "")), default)
    return RedirectResponse(hub.settings.base_path + back, 303)


routes: list[BaseRoute] = [
    Route("/remote/{id}", show, methods=["GET"]),
    Route("/remote/{id}/start", start, methods=["POST"]),
    Route("/remote/{id}/stop", ask_stop, methods=["GET"]),
    Route("/remote/{id}/stop", stop, methods=["POST"]),
    Route("/remote/{id}/restart", restart, methods=["POST"]),
    Route("/remote/{id}/test", test, methods=["POST"]),
    Route("/remote/{id}/remove", ask_remove, methods=["GET"]),
    Route("/remote/{id}/remove", remove, methods=["POST"]),
]

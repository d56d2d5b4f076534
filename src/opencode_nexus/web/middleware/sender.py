# SPDX-License-Identifier: MIT
"""Who sent the request, and by which door it came: found once, for lockouts, the audit log and the cookie."""

import logging

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.errors import SenderUnknown, TunnelAtMainDoor
from opencode_nexus.access.source import Network, brought_by_cloudflared, networks, sender, visitor
from opencode_nexus.web.middleware.refusal import refuse

log = logging.getLogger(__name__)


class SenderMiddleware:
    """Sets `request.state.sender` and `request.state.remote`; the scheme to https when a trusted proxy says so.

    What the tunnels' door marked as remote was sent by Cloudflare, over https from the visitor on: there
    CF-Connecting-IP alone says who it is, and without it the request goes no further. At the main door what a
    cloudflared brought goes no further either: a tunnel that leads there, with the Host made one of ours, would be
    taken for this machine.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._entries: tuple[str, ...] = ()
        self._trusted: tuple[Network, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            connection = HTTPConnection(scope)
            if scope["state"].setdefault("remote", False):
                found = visitor(connection.headers.getlist("cf-connecting-ip"))
                _https(scope)
                if found is None:
                    return await refuse(scope, receive, send, SenderUnknown())
                scope["state"]["sender"] = found
                return await self._app(scope, receive, send)
            trusted = self._networks(scope["state"]["hub"].settings.trusted_proxies)
            peer = connection.client.host if connection.client else None
            if brought_by_cloudflared(peer, connection.headers.keys(), trusted):
                right = f"http://127.0.0.1:{scope['state']['hub'].door.port}"
                error = TunnelAtMainDoor(f"The service at Cloudflare must be {right}, this hub's address for tunnels.")
                return await refuse(scope, receive, send, error)
            found = sender(peer, connection.headers.getlist("x-forwarded-for"), trusted)
            scope["state"]["sender"] = found
            if found.proxied and connection.headers.get("x-forwarded-proto", "").strip().lower() == "https":
                _https(scope)
        await self._app(scope, receive, send)

    def _networks(self, entries: tuple[str, ...]) -> tuple[Network, ...]:
        if entries != self._entries:
            self._entries = entries
            try:
                self._trusted = networks(entries)
            except ValueError as error:  # believing nobody is the safe reading of a setting that makes no sense
                self._trusted = ()
                log.error("trusted_proxies cannot be used, so no proxy is trusted: %s", error)
        return self._trusted


def _https(scope: Scope) -> None:
    scope["scheme"] = "https" if scope["type"] == "http" else "wss"

# SPDX-License-Identifier: MIT
"""Who sent the request: found once, for lockouts, the audit log and the cookie."""

import logging

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.source import Network, networks, sender

log = logging.getLogger(__name__)


class SenderMiddleware:
    """Sets `request.state.sender`, and the scheme to https when a trusted proxy says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._entries: tuple[str, ...] = ()
        self._trusted: tuple[Network, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            connection = HTTPConnection(scope)
            trusted = self._networks(scope["state"]["hub"].settings.trusted_proxies)
            peer = connection.client.host if connection.client else None
            found = sender(peer, connection.headers.getlist("x-forwarded-for"), trusted)
            scope["state"]["sender"] = found
            if found.proxied and connection.headers.get("x-forwarded-proto", "").strip().lower() == "https":
                scope["scheme"] = "https" if scope["type"] == "http" else "wss"
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

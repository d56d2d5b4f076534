# SPDX-License-Identifier: MIT
"""403 for a write that another site's page sent, and for its WebSockets."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.errors import CrossSite
from opencode_nexus.access.origin import from_elsewhere, is_write
from opencode_nexus.web.middleware.refusal import refuse


class OriginMiddleware:
    """Checks Origin and Sec-Fetch-Site; needs the list that `HostsMiddleware` leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = scope["type"] == "websocket"
        if websocket or (scope["type"] == "http" and is_write(scope["method"], websocket)):
            headers = HTTPConnection(scope).headers
            origin, fetch_site = headers.get("origin"), headers.get("sec-fetch-site")
            if from_elsewhere(headers.get("host", ""), origin, fetch_site, scope["state"]["hosts"]):
                said = f"Origin {origin or 'not given'}, Sec-Fetch-Site {fetch_site or 'not given'}."
                return await refuse(scope, receive, send, CrossSite(said))
        await self._app(scope, receive, send)

# SPDX-License-Identifier: MIT
"""Plain http through a tunnel: sent on to https before a password is typed."""

from starlette.datastructures import URL
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# a browser that came by https once comes by https for 30 days, whatever is typed; names below ours are not ours to bind
_STRICT = (b"strict-transport-security", b"max-age=2592000")


class HttpsMiddleware:
    """Cloudflare answers visitors by http, too, unless told otherwise, and says so in X-Forwarded-Proto.

    Only what came through a tunnel is looked at, and its Host was checked before: the address led to is our own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["state"]["remote"]:
            return await self._app(scope, receive, send)
        if "http" in HTTPConnection(scope).headers.getlist("x-forwarded-proto"):
            address = URL(scope=scope).replace(scheme="https")
            # 307 would have the browser send a form on that it has sent in clear already
            return await RedirectResponse(str(address), 303)(scope, receive, send)

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _STRICT]
            await send(message)

        await self._app(scope, receive, strict)

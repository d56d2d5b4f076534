# SPDX-License-Identifier: MIT
"""Headers that tell the browser to be careful with our pages."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    # every piece of HTML that a script of ours puts in passes the one policy that wire.js makes; the other one,
    # in phone.js, names the service worker and nothing else
    "require-trusted-types-for": "'script'",
    "trusted-types": "nexus nexus-worker",
}

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in CONTENT_SECURITY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(),"
        " microphone=(), midi=(), payment=(), usb=()"
    ),
}

_RAW = [(name.lower().encode(), value.encode()) for name, value in {**HEADERS, "Cache-Control": "no-store"}.items()]
# A script or a style sheet obeys these alone; the others are for pages and workers. 560 bytes an answer, which twelve
# scripts made an eighth of what a chat page loads (63 of 60 kB).
_PIECE = [(name, value) for name, value in _RAW if name.startswith((b"x-content-type", b"cross-origin-res", b"cache"))]
_PIECES = (b"text/javascript", b"text/css")
_STARTS = ("http.response.start", "websocket.http.response.start")


class HeadersMiddleware:
    """Adds `HEADERS` to every answer, and `Cache-Control: no-store` unless the answer says otherwise.

    A script or style sheet below /static/ gets only those that mean something there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] in _STARTS:
                own = list(message.get("headers", ()))
                named = {name.lower(): value for name, value in own}
                piece = "/static/" in scope["path"] and named.get(b"content-type", b"").startswith(_PIECES)
                message["headers"] = own + [header for header in (_PIECE if piece else _RAW) if header[0] not in named]
            await send(message)

        await self._app(scope, receive, with_headers)

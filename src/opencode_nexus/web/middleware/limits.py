# SPDX-License-Identifier: MIT
"""413 for a request body larger than its address takes."""

import re

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opencode_nexus.access.errors import BodyTooLarge
from opencode_nexus.web.addresses import inner_path
from opencode_nexus.web.middleware.refusal import refuse

KIB, MIB = 1024, 1024 * 1024

MESSAGE = 4 * MIB  # of a message; pasted text is three bytes a character once a form encodes it

LIMITS: tuple[tuple[str, int], ...] = (
    ("/login", 16 * KIB),
    ("/pair", 16 * KIB),
    ("/setup", 64 * KIB),
    ("/settings", 64 * KIB),
    ("/live", 64 * KIB),
    ("/logs/page", 8 * KIB),
    ("/chat/", MESSAGE),
    ("/api/", MESSAGE),
    ("/", 64 * KIB),
)
"""Beginning of a path below the base path → most bytes of a body; the first that fits counts."""


# The composer's form and its files: of each file no more is kept than may be sent (`composed_form`), and whoever
# chose one that is too large is told so, with the message still there, only once all of it has come.
FILES = 128 * MIB
_WITH_FILES = re.compile(r"/chat/[^/]+/(?!new$|key$|compatible$)[^/]+(/attach|/attached/[^/]+/remove)?")


# A chat as a file; `chat.session_file` says the same of the file itself.
IMPORT = 201 * MIB
_IMPORT = re.compile(r"/chat/[^/]+/import|/api/v1/servers/[^/]+/sessions/import")


# A file for a message; `chat.composing.attachments` says the same of the file itself.
ATTACHED = 10 * MIB + 1
_ATTACHED = re.compile(r"/api/v1/servers/[^/]+/sessions/[^/]+/files")


def limit_for(path: str) -> int:
    """The most bytes that a body sent to `path` may have."""
    if _IMPORT.fullmatch(path):
        return IMPORT
    if _ATTACHED.fullmatch(path):
        return ATTACHED
    if _WITH_FILES.fullmatch(path):
        return FILES
    return next((limit for start, limit in LIMITS if path.startswith(start)), LIMITS[-1][1])


class LimitsMiddleware:
    """Counts the body, whether its length was told or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        limit = limit_for(inner_path(scope))
        error = BodyTooLarge(f"{inner_path(scope)} takes at most {limit // KIB} KiB.", limit=limit)
        told = HTTPConnection(scope).headers.get("content-length", "")
        if told.isdigit() and int(told) > limit:
            return await refuse(scope, receive, send, error)
        count, started = 0, False

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > limit:
                raise error
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            # what a handler makes of the error differs; the answer shall not
            if started or count <= limit:
                started = True
                await send(message)

        await self._app(scope, counted, watched)
        if count > limit and not started:
            await refuse(scope, receive, send, error)

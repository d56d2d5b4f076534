# SPDX-License-Identifier: MIT
"""Who asks: from cookie or bearer. Closed by default: what `access.public` does not name needs a login."""

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opencode_nexus.access.access import Access
from opencode_nexus.access.errors import NotSignedIn, NotThroughTunnel, ScopeMissing
from opencode_nexus.access.hosts import host_name
from opencode_nexus.access.public import is_not_remote, is_public
from opencode_nexus.access.who import Who
from opencode_nexus.core.clock import Clock
from opencode_nexus.web.addresses import inner_path, login_address
from opencode_nexus.web.context import Hub
from opencode_nexus.web.cookies import session_token
from opencode_nexus.web.middleware.refusal import CLOSED, refuse, wants_page

# Seconds between two looks into the database while an answer is streamed: a command beside the hub may have
# ended the login. What ends inside the hub is seen at once.
ASK_AGAIN = 2.0
TELL_AGAIN = 10.0  # seconds between two words to the tunnels that somebody who was let in is there
_AFTER_SETUP_TOO = ("/login", "/logout", "/theme")


class SessionMiddleware:
    """Sets `request.state.who`, and lets nobody else through.

    An answer that is still being given when its login ends says nothing more; that of the request which ended it
    does, when its handler sets `request.state.farewell`. A stream that wants to say goodbye asks
    `request.state.login_over()` before each piece, and sets it then; `request.state.when_login_ends(tell)` has it
    told at once, and returns what forgets that. What streams to a page on a screen calls `request.state.arrive()`, and
    what that returns at its end.

    Through a tunnel, what this machine alone may do is not there: its key opens nothing, nor does a login that was
    opened on this side. The tunnel hears of visits by those who are let in, so that strangers keep none open.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        hub, path = scope["state"]["hub"], inner_path(scope)
        connection, remote = HTTPConnection(scope), scope["state"]["remote"]
        who = _who(connection, hub.access, remote=remote)
        scope["state"]["who"] = who
        if remote and is_not_remote(path):
            return await refuse(scope, receive, send, NotThroughTunnel())
        if is_public(path):
            return await self._app(scope, receive, send)
        if who is None:
            return await _turn_away(scope, receive, send, hub.access)
        method = scope["method"] if scope["type"] == "http" else "WEBSOCKET"
        if not who.may(method, path):
            error = ScopeMissing(f"Its scopes are: {', '.join(sorted(who.scopes))}.")
            return await refuse(scope, receive, send, error)
        if not hub.wizard.done and wants_page(scope) and path not in _AFTER_SETUP_TOO:
            return await _redirect(scope, receive, send, scope.get("root_path", "") + "/setup")
        guard = _Guard(scope, send, who, hub.access, hub.clock, _visit(connection, hub) if remote else None)
        scope["state"]["login_over"], scope["state"]["when_login_ends"] = guard.login_over, guard.when_login_ends
        scope["state"]["arrive"] = lambda: hub.presence.arrive(who.key)
        await self._app(scope, receive, guard.send)


def _visit(connection: HTTPConnection, hub: Hub) -> Callable[[], None]:
    name = host_name(connection.headers["host"]) or ""
    return lambda: hub.tunnels.visited(name)


def _who(connection: HTTPConnection, access: Access, *, remote: bool) -> Who | None:
    header = connection.headers.get("authorization", "")
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":  # a token that does not hold is not helped by a cookie beside it
        return access.bearer(value.strip(), remote=remote)
    return access.authenticate(session_token(connection), remote=remote)


async def _turn_away(scope: Scope, receive: Receive, send: Send, access: Access) -> None:
    if not wants_page(scope):
        error = NotSignedIn()
        return await refuse(scope, receive, send, error, {"WWW-Authenticate": 'Bearer realm="opencode-nexus"'})
    if access.has_owner():
        return await _redirect(scope, receive, send, login_address(scope))
    await _redirect(scope, receive, send, scope.get("root_path", "") + "/setup")


async def _redirect(scope: Scope, receive: Receive, send: Send, address: str) -> None:
    await RedirectResponse(address, 303)(scope, receive, send)


class _Guard:
    """Passes an answer on as long as the login behind it holds; `visit` is told of it now and while it lasts."""

    def __init__(
        self, scope: Scope, send: Send, who: Who, access: Access, clock: Clock, visit: Callable[[], None] | None
    ) -> None:
        self._scope, self._send, self._who, self._access, self._clock = scope, send, who, access, clock
        self._asked = self._told = clock.monotonic()
        self._visit = visit
        if visit is not None:
            visit()
        self._over = False
        self._ended = False

    def login_over(self) -> bool:
        """Whether the login has ended; an end that a command made is seen after ASK_AGAIN seconds."""
        now = self._clock.monotonic()
        self._over = self._over or self._access.ended_here(self._who)
        if not self._over and now - self._asked >= ASK_AGAIN:
            self._asked, self._over = now, not self._access.holds(self._who)
        if self._visit is not None and not self._over and now - self._told >= TELL_AGAIN:
            self._told = now
            self._visit()
        return self._over

    def when_login_ends(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Call `tell` as soon as this hub ends the login; returns what forgets it."""
        return self._access.when_ended(self._who, tell)

    async def send(self, message: Message) -> None:
        if self._ended:
            return
        if self._scope["state"].get("farewell"):
            return await self._send(message)
        if self.login_over():
            return await self._end(message)
        await self._send(message)

    async def _end(self, message: Message) -> None:
        self._ended = True
        if self._scope["type"] == "websocket":
            await self._send({"type": "websocket.close", "code": CLOSED, "reason": NotSignedIn.code})
        elif message["type"] == "http.response.start":
            await refuse(self._scope, _nothing, self._send, NotSignedIn())
        else:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def _nothing() -> Message:
    return {"type": "http.disconnect"}

# SPDX-License-Identifier: MIT
"""Who may see the set-up: a browser that gave the code while there is no owner, later the owner who signed
in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from opencode_nexus.processes import socket_owner
from opencode_nexus.processes.own_user import user_id
from opencode_nexus.setup.code import VISIT_LIFE
from opencode_nexus.web.cookies import is_secure

COOKIE = "nexus_setup"

Handler = Callable[[Request], Awaitable[Response]]


def to(request: Request, path: str) -> Response:
    """Send the browser to `path` below the base path."""
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


def onward(request: Request, path: str) -> Response:
    """Send a browser there that has just been let in.

    One that comes from elsewhere, the file of the desktop's sign-in page say, goes there from a page of ours: the
    cookie is a strict one, and a redirect still counts as the other side's (seen with Chromium 156).
    """
    if request.headers.get("sec-fetch-site") != "cross-site":
        return to(request, path)
    target = escape(request.scope.get("root_path", "") + path)
    return HTMLResponse(f'<!doctype html><a href="{target}">Go on</a>', headers={"refresh": f"0; url={target}"})


def admitted(request: Request) -> bool:
    """Whether the sender may take part in the set-up."""
    hub = request.state.hub
    who = request.state.who
    if who is not None:  # these addresses are open, so a token's scopes have not been looked at yet
        return bool(who.may(request.method, "/setup"))
    return not hub.access.has_owner() and hub.wizard.code.holds(request.cookies.get(COOKIE, ""))


def behind(handler: Handler) -> Handler:
    """Let a handler of a step see only those who may, and only while the set-up is open."""

    async def guarded(request: Request) -> Response:
        hub = request.state.hub
        if hub.wizard.done or not admitted(request):
            return to(request, "/setup")
        return await handler(request)

    guarded.__name__, guarded.__doc__ = handler.__name__, handler.__doc__
    return guarded


async def from_own_user(request: Request) -> bool:
    """Whether a browser of the hub's own user asks, as far as the system tells whose a connection is.

    For a link that a browser of this machine is opened with: it may stand in that browser's command line, where other
    users of the machine can read it before the browser has followed it. Only Linux tells; elsewhere the link alone
    decides.
    """
    client, server = request.scope.get("client"), request.scope.get("server")
    if not socket_owner.told() or not client or not server:
        return True
    try:
        owner = await asyncio.to_thread(socket_owner.owner, tuple(client), tuple(server))
    except ValueError:  # a name in place of an address: no such connection came over TCP
        return True
    return owner == user_id()


def let_in(response: Response, request: Request, token: str) -> None:
    """Give the browser the token of its visit; only the set-up's own addresses see it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(VISIT_LIFE),
        path=request.scope.get("root_path", "") + "/setup",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


def let_out(response: Response, request: Request) -> None:
    """Take the token of the visit away."""
    path = request.scope.get("root_path", "") + "/setup"
    response.delete_cookie(COOKIE, path=path, secure=is_secure(request), httponly=True, samesite="strict")

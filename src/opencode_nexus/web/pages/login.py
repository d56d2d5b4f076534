# SPDX-License-Identifier: MIT
"""The login page, and the end of a login."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from opencode_nexus.access.errors import LoginBusy, LoginLocked, WrongLogin
from opencode_nexus.access.lockout import FAILURES, LOCK
from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.cookies import session_token, sign_in, sign_out

SAID = {
    "out": "You are signed out.",
    "password": "The password is changed. Sign in with the new one.",
}


def _page(request: Request, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Response:
    view: dict[str, Any] = {
        "errors": {},
        "username": "",
        "stay": False,
        "next": own_path(request.query_params.get("next", "/")),
        "said": SAID.get(request.query_params.get("said", ""), ""),
        "failures": FAILURES,
        "minutes": int(LOCK // 60),
    }
    pages = request.state.hub.pages
    response: Response = pages.response(request, "login.html", status, headers, **{**view, **values})
    return response


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


async def show(request: Request) -> Response:
    """The form; straight on for somebody who is signed in, and to the set-up while there is no owner."""
    if not request.state.hub.access.has_owner():
        return _to(request, "/setup")
    if request.state.who is not None:
        return _to(request, own_path(request.query_params.get("next", "/")))
    return _page(request)


async def submit(request: Request) -> Response:
    """Checks name and password; sets the cookie and goes on to `next`."""
    hub = request.state.hub
    async with request.form() as form:
        username, password = str(form.get("username", "")), str(form.get("password", ""))
        stay, target = bool(form.get("stay")), own_path(str(form.get("next", "/")))
    kept: dict[str, Any] = {"username": username, "stay": stay, "next": target}
    missing = {}
    if not username.strip():
        missing["username"] = "Enter your user name."
    if not password:
        missing["password"] = "Enter your password."
    if missing:
        return _page(request, 400, errors=missing, **kept)
    sender = request.state.sender
    try:
        token = await hub.access.login(
            username,
            password,
            sender.source,
            stay,
            agent=request.headers.get("user-agent", ""),
            address=sender.address,
            remote=request.state.remote,
        )
    except (WrongLogin, LoginLocked, LoginBusy) as error:
        return _page(request, error.status, _retry(error), errors={"": _words(error)}, **kept)
    if request.state.who is not None:  # this browser's cookie is about to be replaced, so nobody could end that login
        await hub.access.logout(session_token(request), source=sender.address)
    response = _to(request, target)
    sign_in(response, request, token, stay)
    return response


def _words(error: NexusError) -> str:
    # the page itself says below what helps against a forgotten password
    hint = "" if isinstance(error, WrongLogin) else error.hint
    return " ".join(part for part in (error.title, error.detail, hint) if part)


def _retry(error: NexusError) -> dict[str, str]:
    seconds = error.data.get("retry_after")
    return {"Retry-After": str(seconds)} if seconds else {}


async def logout(request: Request) -> Response:
    """Ends the login on the server, and takes the cookie away."""
    request.state.farewell = True
    await request.state.hub.access.logout(session_token(request), source=request.state.sender.address)
    response = _to(request, "/login?said=out")
    sign_out(response, request)
    return response


routes = [
    Route("/login", show, methods=["GET"]),
    Route("/login", submit, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
]

# SPDX-License-Identifier: MIT
"""The settings page's own account: password, signed-in devices, API tokens."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import (
    CurrentPasswordWrong,
    LoginBusy,
    LoginLocked,
    PasswordWeak,
    ScopeMissing,
    TokenExists,
    TokenUnusable,
)
from opencode_nexus.access.who import Who
from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.pages.remote_password import refusal
from opencode_nexus.web.pages.settings_view import back, show


def _person(request: Request) -> Who:
    """Who is signed in with a password; what stands here is not for tokens. Raises ScopeMissing."""
    who: Who = request.state.who
    if who.via != "session":
        raise ScopeMissing("This is for somebody who signed in with the password.")
    return who


def _words(error: NexusError) -> str:
    return f"{error.title} {error.detail}".strip()


async def change_password(request: Request) -> Response:
    """Sets a new password; this device stays signed in, all others are signed out."""
    who, sender = _person(request), request.state.sender
    async with request.form() as form:
        current, new, again = (str(form.get(name, "")) for name in ("current", "new", "again"))
    if not current:
        return show(request, 400, errors={"current": "Enter your current password."})
    if new != again:
        return show(request, 400, errors={"again": "The two new passwords are not the same."})
    try:
        await request.state.hub.access.change_password(
            who.user_id, current, new, keep=who.key, source=sender.source, address=sender.address
        )
    except PasswordWeak as error:
        return show(request, error.status, errors={"new": error.detail})
    except (CurrentPasswordWrong, LoginLocked, LoginBusy) as error:
        return show(request, error.status, errors={"current": _words(error)})
    return back(request, "password", "password")


async def revoke_device(request: Request) -> Response:
    """Signs a device out, another one or this one."""
    who = _person(request)
    request.state.farewell = True
    await request.state.hub.access.revoke_login(
        who.user_id, request.path_params["login"], source=request.state.sender.address
    )
    return back(request, "device", "devices")


async def revoke_other_devices(request: Request) -> Response:
    """Signs all devices out but this one."""
    who = _person(request)
    await request.state.hub.access.revoke_other_logins(who.user_id, who.key, source=request.state.sender.address)
    return back(request, "devices", "devices")


def _days(text: str) -> int | None:
    """Return the days that a token shall hold, None for ever; raises TokenUnusable, so that no typo means for ever."""
    if not text.strip():
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TokenUnusable(f"{text[:20]!r} is no number of days.")
    return int(text)


async def create_token(request: Request) -> Response:
    """Makes an API token and shows it, here and never again (so no redirect).

    It outlives the login that makes it, so one whose password was given long ago, or never, must give it.
    """
    _person(request)
    async with request.form() as form:
        typed = {name: str(form.get(name, "")) for name in ("token_name", "scope", "days")}
        wrong = await refusal(request, form)
    if wrong is not None:
        return show(request, wrong.status, errors={"password": _words(wrong)}, values=typed, open_fold="tokens")
    try:
        days = _days(typed["days"])
        token, row = await request.state.hub.access.create_token(
            typed["token_name"], [typed["scope"] or "all"], days, source=request.state.sender.address
        )
    except (TokenUnusable, TokenExists) as error:
        return show(request, error.status, errors={"token_name": _words(error)}, values=typed, open_fold="tokens")
    return show(request, 201, made={"name": row.name, "token": token})


async def revoke_token(request: Request) -> Response:
    """Revokes an API token."""
    _person(request)
    await request.state.hub.access.revoke_token(request.path_params["token"], source=request.state.sender.address)
    return back(request, "revoked", "tokens")


routes: list[BaseRoute] = [
    Route("/settings/password", change_password, methods=["POST"]),
    Route("/settings/devices/revoke-others", revoke_other_devices, methods=["POST"]),
    Route("/settings/devices/{login}/revoke", revoke_device, methods=["POST"]),
    Route("/settings/tokens", create_token, methods=["POST"]),
    Route("/settings/tokens/{token}/revoke", revoke_token, methods=["POST"]),
]

# SPDX-License-Identifier: MIT
"""The set-up in the browser: its door, and all steps but the third, which is in `setup_opencode`."""

import logging
from collections.abc import Awaitable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import LoginBusy, LoginLocked, OwnerExists, PasswordWeak, UserNameBad
from opencode_nexus.access.rules import NAME_RULES, PASSWORD_RULES, broken, for_script, normal
from opencode_nexus.core.errors import NexusError
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.setup.errors import (
    CheckStops,
    SetupCodeUsed,
    SetupCodeWait,
    SetupCodeWrong,
    SetupLinkForeign,
    SetupLinkUsed,
)
from opencode_nexus.setup.ports import Server
from opencode_nexus.setup.state import REMOTES
from opencode_nexus.web.cookies import sign_in
from opencode_nexus.web.pages import setup_opencode
from opencode_nexus.web.pages.remote_password import asks, refusal
from opencode_nexus.web.pages.setup_door import admitted, behind, from_own_user, let_in, let_out, onward, to
from opencode_nexus.web.pages.setup_view import output, step, words

log = logging.getLogger(__name__)


# the door


async def door(request: Request) -> Response:
    """Lead to the step where it goes on; ask for the code, or the login, when that is needed."""
    hub = request.state.hub
    if hub.wizard.done:
        response: Response = hub.pages.response(request, "setup/done.html")
        return response
    if admitted(request):
        return to(request, f"/setup/{hub.wizard.page}")
    if hub.access.has_owner():
        return to(request, "/login?next=/setup")
    if link := request.query_params.get("link", ""):
        if not await from_own_user(request):
            return _code_page(request, SetupLinkForeign.status, words(SetupLinkForeign()))
        return await _enter(request, hub.wizard.code.follow(link))
    return _code_page(request)


async def give_code(request: Request) -> Response:
    """Take the code that was typed."""
    hub = request.state.hub
    if hub.wizard.done or hub.access.has_owner():
        return to(request, "/setup")
    async with request.form() as form:
        given = str(form.get("code", ""))
    if not given.strip():
        return _code_page(request, 400, "Type the code that stands in the terminal.")
    return await _enter(request, hub.wizard.code.redeem(given, request.state.sender.source))


async def _enter(request: Request, visit: Awaitable[str]) -> Response:
    try:
        token = await visit
    except (SetupCodeWrong, SetupCodeUsed, SetupCodeWait, SetupLinkUsed) as error:
        return _code_page(request, error.status, words(error))
    response = onward(request, f"/setup/{request.state.hub.wizard.page}")
    let_in(response, request, token)
    return response


def _code_page(request: Request, status: int = 200, error: str = "") -> Response:
    errors = {"code": error} if error else {}
    response: Response = request.state.hub.pages.response(request, "setup/code.html", status, errors=errors)
    return response


# 1 Welcome, 2 System check


async def show_welcome(request: Request) -> Response:
    """What this is, what the steps will ask, and how to go on from another device.

    Until there is an owner who can sign in there, that is a code; each look shows a new one.
    """
    wizard = request.state.hub.wizard
    further = "" if wizard.owner or request.method == "HEAD" else wizard.code.invite()
    return step(request, "welcome", owner=wizard.owner, further=further)


async def begin(request: Request) -> Response:
    """Go on to the system check."""
    return to(request, f"/setup/{await request.state.hub.wizard.pass_by('welcome')}")


async def show_check(request: Request) -> Response:
    """Run the system check and show it."""
    wizard = request.state.hub.wizard
    if not wizard.may_open("check"):
        return to(request, "/setup")
    return step(request, "check", checks=await wizard.check())


async def confirm_check(request: Request) -> Response:
    """Go on unless something must be done first."""
    wizard = request.state.hub.wizard
    try:
        await wizard.confirm_check()
    except CheckStops as error:
        return step(request, "check", error.status, checks=await wizard.check(), errors={"": words(error)})
    return to(request, f"/setup/{await wizard.pass_by('check')}")


# 4 Owner account


def _owner_page(request: Request, status: int = 200, **values: Any) -> Response:
    wizard = request.state.hub.wizard
    view: dict[str, Any] = {
        "owner": wizard.owner,
        "name": wizard.plan.owner,
        "name_rules": for_script(NAME_RULES),
        "password_rules": for_script(PASSWORD_RULES),
    }
    return step(request, "owner", status, **{**view, **values})


async def show_owner(request: Request) -> Response:
    """The owner account: a form, or its name when it was made."""
    if not request.state.hub.wizard.may_open("owner"):
        return to(request, "/setup")
    return _owner_page(request)


async def make_owner(request: Request) -> Response:
    """Make the owner account and sign it in."""
    hub, wizard, sender = request.state.hub, request.state.hub.wizard, request.state.sender
    if not wizard.may_open("owner"):
        return to(request, "/setup")
    if hub.access.has_owner():
        return to(request, f"/setup/{await wizard.pass_by('owner')}")
    async with request.form() as form:
        name, password, again = (str(form.get(field, "")) for field in ("username", "password", "again"))
    await wizard.remember(owner=name)
    errors = {}
    if bad := broken(NAME_RULES, normal(name.strip())):
        errors["username"] = " ".join(rule.message for rule in bad)
    if bad := broken(PASSWORD_RULES, normal(password), name):
        errors["password"] = " ".join(rule.message for rule in bad)
    elif password != again:
        errors["again"] = "The two passwords are not the same."
    if errors:
        return _owner_page(request, 400, name=name, errors=errors)
    try:
        await wizard.make_owner(name, password, source=sender.address)
    except UserNameBad as error:
        return _owner_page(request, error.status, name=name, errors={"username": words(error)})
    except PasswordWeak as error:
        return _owner_page(request, error.status, name=name, errors={"password": words(error)})
    except OwnerExists:  # made by another browser a moment ago
        return to(request, "/setup")
    following = f"/setup/{await wizard.pass_by('owner')}"
    response = to(request, following)
    try:
        agent = request.headers.get("user-agent", "")
        token = await hub.access.login(name, password, sender.source, agent=agent, address=sender.address)
        sign_in(response, request, token, stay=False)
    except (LoginBusy, LoginLocked) as error:
        log.warning("the new owner has to sign in: %s", error)
        response = to(request, f"/login?next={following}")
    let_out(response, request)
    return response


async def keep_owner(request: Request) -> Response:
    """Go on with the account that is there."""
    wizard = request.state.hub.wizard
    if not wizard.owner:
        return to(request, "/setup/owner")
    return to(request, f"/setup/{await wizard.pass_by('owner')}")


# 5 Remote access, 6 Finish


def _remote_page(request: Request, status: int = 200, **values: Any) -> Response:
    hub = request.state.hub
    view: dict[str, Any] = {
        "picked": hub.wizard.plan.remote,
        "kept": hub.wizard.tunnel is not None,
        "service": f"http://127.0.0.1:{hub.door.port}",
    }
    return step(request, "remote", status, **{**view, **values})


async def show_remote(request: Request) -> Response:
    """Whether the hub shall be reached from outside, and how."""
    if not request.state.hub.wizard.may_open("remote"):
        return to(request, "/setup")
    return _remote_page(request)


async def set_remote(request: Request) -> Response:
    """Keep the choice; what was chosen is opened when the set-up is finished."""
    wizard = request.state.hub.wizard
    if not wizard.may_open("remote"):
        return to(request, "/setup")
    async with request.form() as form:
        remote, token = str(form.get("remote", "")), str(form.get("token", "")).strip()
    if remote not in REMOTES:
        return _remote_page(request, 400, errors={"": "Choose one of the three."})
    if remote == "token" and not token and wizard.tunnel is None:
        return _remote_page(request, 400, picked=remote, errors={"token": "Paste the token."})
    try:
        await wizard.set_remote(remote, Secret(token) if remote == "token" and token else None)
    except NexusError as error:
        if error.status >= 500:
            raise
        return _remote_page(request, error.status, picked=remote, errors={"token": words(error)})
    return to(request, f"/setup/{await wizard.pass_by('remote')}")


async def _finish_page(request: Request, status: int = 200, **values: Any) -> Response:
    wizard = request.state.hub.wizard
    again = _opens(request) and asks(request)
    view = {"owner": wizard.owner, "opencode": await wizard.selected(), "asks": again}
    return step(request, "finish", status, **{**view, **values})


def _opens(request: Request) -> bool:
    """Whether the end opens a tunnel, for which an old login gives its password again."""
    return request.state.who is not None and request.state.hub.wizard.plan.remote != "later"


async def show_finish(request: Request) -> Response:
    """The summary."""
    if not request.state.hub.wizard.may_open("finish"):
        return to(request, "/setup")
    return await _finish_page(request)


async def finish(request: Request) -> Response:
    """Make and start the server, then go to a new chat."""
    hub, wizard = request.state.hub, request.state.hub.wizard
    if not wizard.may_open("finish"):
        return to(request, "/setup")
    async with request.form() as form:
        wrong = await refusal(request, form) if _opens(request) else None
    if wrong is not None:
        return await _finish_page(request, wrong.status, errors={"password": words(wrong)})

    async def make_chat(server: Server) -> str:
        try:
            return str(await hub.chat.create(server.id, project=wizard.plan.project))
        except NexusError as error:
            log.warning("no first chat could be made: %s", error)
            return ""

    try:
        server, session_id = await wizard.open_first(make_chat)
    except NexusError as error:
        return await _finish_page(request, error.status, errors={"": words(error)}, output=output(error))
    return to(request, f"/chat/{server.id}/{session_id}" if session_id else f"/servers/{server.id}")


routes: list[BaseRoute] = [
    Route("/setup", door, methods=["GET"]),
    Route("/setup", give_code, methods=["POST"]),
    Route("/setup/welcome", behind(show_welcome), methods=["GET"]),
    Route("/setup/welcome", behind(begin), methods=["POST"]),
    Route("/setup/check", behind(show_check), methods=["GET"]),
    Route("/setup/check", behind(confirm_check), methods=["POST"]),
    *setup_opencode.routes,
    Route("/setup/owner", behind(show_owner), methods=["GET"]),
    Route("/setup/owner", behind(make_owner), methods=["POST"]),
    Route("/setup/owner/keep", behind(keep_owner), methods=["POST"]),
    Route("/setup/remote", behind(show_remote), methods=["GET"]),
    Route("/setup/remote", behind(set_remote), methods=["POST"]),
    Route("/setup/finish", behind(show_finish), methods=["GET"]),
    Route("/setup/finish", behind(finish), methods=["POST"]),
]

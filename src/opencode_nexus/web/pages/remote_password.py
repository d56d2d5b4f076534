# SPDX-License-Identifier: MIT
"""The password again, before a way in is opened by a login that is older than ten minutes."""

import re
from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opencode_nexus.access.errors import CurrentPasswordWrong, LoginBusy, LoginLocked
from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.context import Hub

_ACTION = re.compile(r"/remote/[A-Za-z0-9_]+/(start|restart)")
_WORDS = {"start": "Start the tunnel", "restart": "Restart the tunnel"}


def asks(request: Request) -> bool:
    """Whether the password must be given again."""
    return not request.state.hub.access.fresh(request.state.who)


async def refusal(request: Request, form: FormData) -> NexusError | None:
    """Take the field `password` of a form when it is needed; return what is wrong with it, None when all is well."""
    if not asks(request):
        return None
    who, sender = request.state.who, request.state.sender
    try:
        await request.state.hub.access.confirm(
            who.key, str(form.get("password", "")), source=sender.source, address=sender.address
        )
    except (CurrentPasswordWrong, LoginLocked, LoginBusy) as error:
        return error
    return None


async def first(request: Request, form: FormData, action: str, back: str) -> Response | None:
    """Return the page that asks for the password before `action` is done; None when it can be done now."""
    if not asks(request):
        return None
    if "password" not in form:
        base = request.scope.get("root_path", "")
        return RedirectResponse(f"{base}/remote/password?do={action}&back={quote(back, safe='/')}", 303)
    error = await refusal(request, form)
    return None if error is None else _page(request, action, back, error)


async def form_page(request: Request) -> Response:
    """GET /remote/password?do=…: the form, which posts to the very action that asked for it."""
    action = request.query_params.get("do", "")
    back = own_path(request.query_params.get("back", ""), "/remote")
    if not _ACTION.fullmatch(action):
        return RedirectResponse(f"{request.scope.get('root_path', '')}/remote", 303)
    return _page(request, action, back)


def _page(request: Request, action: str, back: str, error: NexusError | None = None) -> Response:
    hub: Hub = request.state.hub
    view: dict[str, Any] = {"action": action, "back": back, "yes": _WORDS[action.rpartition("/")[2]], "errors": {}}
    if error is not None:
        view["errors"] = {"password": f"{error.title} {error.detail}".strip()}
    status = 200 if error is None else error.status
    return hub.pages.response(request, "remote_password.html", status, name=request.state.who.name, **view)

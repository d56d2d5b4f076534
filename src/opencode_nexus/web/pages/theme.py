# SPDX-License-Identifier: MIT
"""The colours of this browser: light, dark, or as the system has it; kept in a cookie, not in the account."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.cookies import is_secure
from opencode_nexus.web.page import THEMES

YEAR = 365 * 86400  # seconds; browsers cut a cookie's life at 400 days


async def choose(request: Request) -> Response:
    """Keep the form's `theme` ("light", "dark", anything else: as the system has it), and go to its `back`."""
    form = await request.form()
    theme, base = str(form.get("theme", "")), request.scope.get("root_path", "")
    response = RedirectResponse(base + own_path(str(form.get("back", "/"))), 303)
    path, secure = base or "/", is_secure(request)
    if theme in THEMES:
        response.set_cookie("theme", theme, YEAR, path=path, secure=secure, httponly=True, samesite="lax")
    else:
        response.delete_cookie("theme", path=path, secure=secure, httponly=True, samesite="lax")
    return response


routes: list[BaseRoute] = [Route("/theme", choose, methods=["POST"])]

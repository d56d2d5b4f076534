# SPDX-License-Identifier: MIT
"""Whether this browser shows changes in one column or in two; kept in a cookie, as its colours are."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.web.addresses import own_path
from opencode_nexus.web.cookies import is_secure
from opencode_nexus.web.pages.theme import YEAR

COOKIE = "columns"


def two_columns(request: Request) -> bool:
    """Whether changes are shown in two columns: as the address says (`view`), else as it was chosen last."""
    return request.query_params.get("view", request.cookies.get(COOKIE, "")) == "two"


async def choose(request: Request) -> Response:
    """Keep the form's `columns` ("two" or anything else: one), and go to its `back`."""
    form = await request.form()
    base = request.scope.get("root_path", "")
    response = RedirectResponse(base + own_path(str(form.get("back", "/"))), 303)
    path, secure = base or "/", is_secure(request)
    value = "two" if form.get("columns") == "two" else "one"
    response.set_cookie(COOKIE, value, YEAR, path=path, secure=secure, httponly=True, samesite="lax")
    return response


routes: list[BaseRoute] = [Route("/columns", choose, methods=["POST"])]

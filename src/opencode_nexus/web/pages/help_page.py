# SPDX-License-Identifier: MIT
"""/help: the documentation, which versions run, the keys, the doctor, and the report of a problem."""

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.observe.doctor.errors import FindingChanged, NothingToMend
from opencode_nexus.observe.doctor.finding import Finding
from opencode_nexus.observe.doctor.table import VERSIONS
from opencode_nexus.web import manual
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import help_guide, help_report


async def show(request: Request) -> Response:
    """GET /help"""
    hub: Hub = request.state.hub
    shelves = await asyncio.to_thread(manual.listing)
    return hub.pages.response(request, "help.html", versions=await hub.doctor.run(VERSIONS), shelves=shelves)


async def doctor(request: Request) -> Response:
    """GET /help/doctor: makes all checks; `mended` is the check that was mended just now."""
    hub: Hub = request.state.hub
    found = await hub.doctor.run()
    mended = next((one for one in found if one.id == request.query_params.get("mended")), None)
    order = {"fail": 0, "warn": 1, "unknown": 2, "pass": 3}
    counts = {status: sum(one.status == status for one in found) for status in order}
    return hub.pages.response(
        request,
        "help_doctor.html",
        found=sorted(found, key=lambda one: order[one.status]),
        counts=counts,
        mended=mended,
    )


async def ask(request: Request) -> Response:
    """GET /help/doctor/{id}: what the fix would do."""
    hub: Hub = request.state.hub
    found = await hub.doctor.look(request.path_params["id"])
    return _asked(request, found)


async def fix(request: Request) -> Response:
    """POST /help/doctor/{id}: does what was shown; what has changed meanwhile is shown again."""
    hub: Hub = request.state.hub
    check_id = request.path_params["id"]
    form = await request.form()
    try:
        await hub.doctor.fix(check_id, str(form.get("seen", "")))
    except FindingChanged as error:
        return _asked(request, await hub.doctor.look(check_id), error.status, f"{error.title} {error.hint}")
    except NothingToMend:
        pass  # it mended itself; the list says so
    return RedirectResponse(f"{hub.settings.base_path}/help/doctor?mended={check_id}", 303)


def _asked(request: Request, found: Finding, status: int = 200, problem: str = "") -> Response:
    hub: Hub = request.state.hub
    errors = {"": problem} if problem else {}
    return hub.pages.response(request, "help_fix.html", status, found=found, errors=errors)


routes: list[BaseRoute] = [
    Route("/help", show, methods=["GET"]),
    Route("/help/doctor", doctor, methods=["GET"]),
    Route("/help/doctor/{id}", ask, methods=["GET"]),
    Route("/help/doctor/{id}", fix, methods=["POST"]),
    *help_report.routes,
    *help_guide.routes,
]

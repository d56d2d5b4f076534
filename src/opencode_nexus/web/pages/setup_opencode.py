# SPDX-License-Identifier: MIT
"""The set-up's third step: which OpenCode, bringing one with its progress, and the project folder."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.errors import BadProject, ProjectMissing
from opencode_nexus.install.errors import InstallError
from opencode_nexus.install.installer import VERSION
from opencode_nexus.install.progress import Progress
from opencode_nexus.web.pages.progress_words import told
from opencode_nexus.web.pages.setup_door import behind, to
from opencode_nexus.web.pages.setup_view import output, step, words


async def _choice_page(request: Request, status: int = 200, **values: Any) -> Response:
    hub = request.state.hub
    found = await hub.wizard.found()
    usable = [one for one in found if one.checked is not None]
    plan = hub.wizard.plan
    picked = values.pop("picked", "")
    if not picked:
        known = {f"use:{one.path}" for one in usable}
        wanted = f"use:{plan.path}" if plan.way == "found" else plan.way
        first = f"use:{usable[0].path}" if usable else "bring"
        picked = wanted if wanted in known or wanted in ("path", "bring") else first
    view = {
        "usable": usable,
        "unusable": [one for one in found if one.checked is None],
        "picked": picked,
        "typed": plan.path if plan.way == "path" else "",
        "brings": VERSION,
        "folder": hub.installer.versions.folder.parent,
        "setting": hub.settings.opencode_binary,
        "bringing": hub.installer.progress if hub.installer.running else None,
        "told": told(hub.installer.progress),
    }
    return step(request, "opencode", status, **{**view, **values})


async def show_choice(request: Request) -> Response:
    """The ways to have OpenCode."""
    if not request.state.hub.wizard.may_open("opencode"):
        return to(request, "/setup")
    return await _choice_page(request)


async def choose(request: Request) -> Response:
    """Take one of the ways: one that was found, another path, or a copy that is brought.

    Another way ends the bringing of a copy that is under way.
    """
    wizard = request.state.hub.wizard
    if not wizard.may_open("opencode"):
        return to(request, "/setup")
    async with request.form() as form:
        picked, path = str(form.get("choice", "")), str(form.get("path", ""))
    if picked == "bring":
        await wizard.remember(way="bring")
        if not await wizard.bring():
            return to(request, "/setup/opencode/progress")
        return to(request, f"/setup/{await wizard.pass_by('opencode')}")
    way, target = ("found", picked.removeprefix("use:")) if picked.startswith("use:") else ("path", path)
    if picked != "path" and way == "path":
        return await _choice_page(request, 400, errors={"": "Choose one of the ways."}, typed=path)
    if not target.strip():
        return await _choice_page(request, 400, picked="path", errors={"path": "Give the path of the program."})
    await wizard.remember(way=way, path=target)
    try:
        await wizard.use(target)
    except InstallError as error:
        field = "path" if way == "path" else ""
        return await _choice_page(
            request, error.status, picked=picked, errors={field: words(error)}, output=output(error)
        )
    await request.state.hub.installer.cancel()
    return to(request, f"/setup/{await wizard.pass_by('opencode')}")


async def show_progress(request: Request) -> Response:
    """How far the job is; goes on to the next page when it is done."""
    wizard, installer = request.state.hub.wizard, request.state.hub.installer
    progress: Progress = installer.progress
    if progress.stage == "done":
        return to(request, f"/setup/{await wizard.pass_by('opencode')}")
    if progress.stage in ("idle", "cancelled") or not wizard.may_open("opencode"):
        return to(request, "/setup/opencode")
    errors = {}
    said = ""
    if progress.error is not None:
        parts = (progress.error.get(name) for name in ("title", "detail", "hint"))
        errors[""] = " ".join(str(part) for part in parts if part)
        said = str(progress.error.get("output") or "")
    return step(
        request, "opencode", template="setup/progress.html", progress=progress, told=told(progress),
        heading="Bringing OpenCode", errors=errors, output=said, back="/setup/opencode",
    )  # fmt: skip


async def progress_json(request: Request) -> Response:
    """The same for the page's script."""
    progress: Progress = request.state.hub.installer.progress
    return JSONResponse(
        {
            "running": progress.running,
            "stage": progress.stage,
            "text": progress.text,
            "told": told(progress),
            "done": progress.done,
            "total": progress.total,
            "rate": progress.rate,
            "left": progress.left,
            "percent": progress.percent if progress.stage == "downloading" else None,
        }
    )


async def cancel(request: Request) -> Response:
    """End the job; nothing half-done is left."""
    if not request.state.hub.wizard.may_open("opencode"):
        return to(request, "/setup")
    await request.state.hub.installer.cancel()
    return to(request, "/setup/opencode")


def _project_page(request: Request, status: int = 200, **values: Any) -> Response:
    wizard = request.state.hub.wizard
    plan = wizard.plan
    view: dict[str, Any] = {
        "project": plan.project or wizard.suggested_project,
        "practice": plan.practice,
        "missing": False,
    }
    return step(request, "project", status, **{**view, **values})


async def show_project(request: Request) -> Response:
    """The project folder, and whether the practice model is offered."""
    if not request.state.hub.wizard.may_open("project"):
        return to(request, "/setup")
    return _project_page(request)


async def set_project(request: Request) -> Response:
    """Take the project folder, making it when that is asked for."""
    wizard = request.state.hub.wizard
    if not wizard.may_open("project"):
        return to(request, "/setup")
    async with request.form() as form:
        typed, create = str(form.get("project", "")), bool(form.get("create"))
        practice = bool(form.get("practice"))
    await wizard.remember(practice=practice)
    try:
        await wizard.set_project(typed, create=create)
    except BadProject as error:
        missing = isinstance(error, ProjectMissing)
        view = {"project": typed, "practice": practice, "missing": missing}
        return _project_page(request, error.status, errors={"project": words(error)}, **view)
    except NexusError as error:
        return _project_page(request, error.status, errors={"": words(error)}, project=typed)
    return to(request, f"/setup/{await wizard.pass_by('project')}")


routes: list[BaseRoute] = [
    Route("/setup/opencode", behind(show_choice), methods=["GET"]),
    Route("/setup/opencode", behind(choose), methods=["POST"]),
    Route("/setup/opencode/progress", behind(show_progress), methods=["GET"]),
    Route("/setup/opencode/cancel", behind(cancel), methods=["POST"]),
    Route("/setup/progress", behind(progress_json), methods=["GET"]),
    Route("/setup/project", behind(show_project), methods=["GET"]),
    Route("/setup/project", behind(set_project), methods=["POST"]),
]

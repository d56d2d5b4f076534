# SPDX-License-Identifier: MIT
"""The settings page: everything that can be changed while the hub runs, on one page of plain forms."""

from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.settings import SETTINGS, Settings, SettingsError
from opencode_nexus.install.errors import InstallError
from opencode_nexus.web.pages import account, backups, models, own_models, push
from opencode_nexus.web.pages.settings_view import STORED, back, show

PROGRAMS = {"opencode_binary": "installer", "cloudflared_binary": "cloudflared"}
"""Setting that names a program → the service of the hub that runs it once before it is kept."""


async def page(request: Request) -> Response:
    """The settings page."""
    return show(request)


async def save_hub(request: Request) -> Response:
    """Keeps the editable settings; those that need no new start are in force at once."""
    hub = request.state.hub
    async with request.form() as form:
        typed = {s.name: str(form[s.name]).strip() for s in SETTINGS if s.editable and s.name in form}
    kept = {**hub.stored.get(STORED, {}), **typed}
    before = Settings.load({}, {}, hub.stored.get(STORED, {}), hub.settings.home)
    try:
        # by themselves: a flag or variable that is in force must not hide a wrong entry
        checked = Settings.load({}, {}, kept, hub.settings.home)
    except SettingsError as error:
        name = str(error.data.get("setting", ""))
        return show(request, error.status, errors={name: error.detail}, values=typed)
    for name, service in PROGRAMS.items():
        program = getattr(checked, name)
        if name in typed and program and program != getattr(before, name):
            try:
                await getattr(hub, service).check(Path(program))
            except InstallError as error:
                said = " ".join(part for part in (error.title, error.detail, error.hint) if part)
                return show(request, error.status, errors={name: said}, values=typed)
    await hub.stored.set(STORED, kept)
    # what a flag or variable has set stays as it is
    now = {
        s.name: getattr(checked, s.name)
        for s in SETTINGS
        if s.editable and not s.restart and getattr(hub.settings, s.name) == getattr(before, s.name)
    }
    hub.settings = replace(hub.settings, **now)
    hub.bus.publish("settings", hub.settings)
    return back(request, "hub", "hub")


routes: list[BaseRoute] = [
    Route("/settings", page, methods=["GET"]),
    Route("/settings/hub", save_hub, methods=["POST"]),
    *account.routes,
    *push.routes,
    *backups.routes,
    *models.routes,
    *own_models.routes,
]

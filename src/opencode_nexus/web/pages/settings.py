# SPDX-License-Identifier: MIT
"""The settings page: everything that can be changed while the hub runs, on one page of plain forms."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.settings import SettingsError
from opencode_nexus.install.errors import InstallError
from opencode_nexus.web import setting_entries
from opencode_nexus.web.pages import account, alerts, backups, models, own_models, push
from opencode_nexus.web.pages.settings_view import back, show


async def page(request: Request) -> Response:
    """The settings page."""
    return show(request)


async def save_hub(request: Request) -> Response:
    """Keeps the editable settings; those that need no new start are in force at once."""
    async with request.form() as form:
        typed = {name: str(form[name]).strip() for name in setting_entries.EDITABLE if name in form}
    try:
        await setting_entries.keep(request.state.hub, typed)
    except SettingsError as error:
        return show(request, error.status, errors={str(error.data.get("setting", "")): error.detail}, values=typed)
    except InstallError as error:
        said = " ".join(part for part in (error.title, error.detail, error.hint) if part)
        return show(request, error.status, errors={str(error.data["setting"]): said}, values=typed)
    return back(request, "hub", "hub")


routes: list[BaseRoute] = [
    Route("/settings", page, methods=["GET"]),
    Route("/settings/hub", save_hub, methods=["POST"]),
    *account.routes,
    *push.routes,
    *alerts.routes,
    *backups.routes,
    *models.routes,
    *own_models.routes,
]

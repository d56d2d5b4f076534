# SPDX-License-Identifier: MIT
"""The forms that add a server, change one, copy it and remove it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import BadRequest, NexusError
from opencode_nexus.fleet.arguments import split
from opencode_nexus.fleet.edit import Edit
from opencode_nexus.fleet.limits import Limits
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.fleet.variables import BadVariable, Variable
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.server_card import server_card

MEGABYTE = 1_000_000
AMOUNTS = ("memory_warn", "memory_recycle", "memory_stop", "cpu_percent", "processes")
FIELDS = {
    "bad-server-name": "name", "bad-variable": "environment", "bad-argument": "arguments", "bad-version": "version",
    "bad-limits": "memory_warn", "bad-project": "folders", "project-missing": "folders",
    "project-unreadable": "folders", "project-taken": "folders",
}  # fmt: skip
"""Code of an error → the field that it is about; the others are about the form as a whole."""


class BadAmount(BadRequest):
    """A limit is no number."""

    code = "bad-amount"
    title = "This is not a number."
    hint = "Give a number above zero, or leave the field empty for no limit."


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields, right or wrong."""

    name: str = ""
    folders: str = ""
    autostart: bool = True
    environment: str = ""
    secrets: str = ""
    arguments: str = ""
    version: str = ""
    position: str = ""
    memory_warn: str = ""
    memory_recycle: str = ""
    memory_stop: str = ""
    cpu_percent: str = ""
    processes: str = ""

    @classmethod
    def of(cls, server: ServerState, variables: Sequence[Variable]) -> "Typed":
        """What the form of a server begins with; of secrets only the names."""
        limits = {name: getattr(server.limits, name) for name in AMOUNTS}
        shown = {
            name: "" if value is None else f"{value / MEGABYTE if name.startswith('memory') else value:.10g}"
            for name, value in limits.items()
        }
        plain = [v for v in variables if v.value is not None]
        return cls(
            name=server.name,
            autostart=server.autostart,
            environment="\n".join(_shown(v.name, str(v.value)) for v in plain),
            secrets="\n".join(v.name for v in variables if v.value is None),
            arguments=shlex.join(server.arguments),
            version=server.wanted_version,
            position=str(server.position),
            **shown,
        )

    @classmethod
    def read(cls, form: FormData) -> "Typed":
        """What was sent."""
        words = {name: str(form.get(name, "")).strip() for name in cls.__dataclass_fields__ if name != "autostart"}
        return cls(autostart=bool(form.get("autostart")), **words)

    def edit(self, kept: Sequence[Variable] = ()) -> Edit:
        """Return what is asked for; raises BadArgument, BadVariable or BadAmount."""
        values = {v.name: v.value for v in kept}
        plain = [_line(line) for line in self.environment.splitlines() if line.strip()]
        secrets = [_line(line) for line in self.secrets.splitlines() if line.strip()]
        for name, value in secrets:
            if value == "":  # as it stands there after a form that was refused
                raise BadVariable(
                    f"{name} has no value.", hint="What was typed as a secret is not shown again.", variable=name
                )
        return Edit(
            name=self.name,
            autostart=self.autostart,
            environment=[
                *(Variable(name, values.get(name) if value is None else value) for name, value in plain),
                *(Variable(name, value, secret=True) for name, value in secrets),
            ],
            arguments=split(self.arguments),
            version=self.version,
            limits=Limits(
                memory_warn=self._whole("memory_warn", MEGABYTE),
                memory_recycle=self._whole("memory_recycle", MEGABYTE),
                memory_stop=self._whole("memory_stop", MEGABYTE),
                cpu_percent=self._amount("cpu_percent"),
                processes=self._whole("processes"),
            ),
            position=int(self.position) if self.position.isdecimal() else None,
        )

    def without_secrets(self) -> "Typed":
        """The same, to be shown again: values that were typed as secrets must be typed again."""
        lines = (line.partition("=") for line in self.secrets.splitlines())
        return replace(self, secrets="\n".join(name + equals for name, equals, _ in lines))

    def _amount(self, name: str) -> float | None:
        text = getattr(self, name).replace(",", ".")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < 1e12:
            raise BadAmount(f"It says {text[:40]!r}.", field=name)
        return value

    def _whole(self, name: str, unit: int = 1) -> int | None:
        value = self._amount(name)
        return None if value is None else max(1, round(value * unit))


def _shown(name: str, value: str) -> str:
    """A variable as a line; a value that does not fit in one stays by the name alone."""
    return f"{name}={value}" if value == value.strip() and value.splitlines() in ([], [value]) else name


def _line(line: str) -> tuple[str, str | None]:
    name, equals, value = line.strip().partition("=")
    return name.strip(), value.strip() if equals else None


async def show_new(request: Request) -> Response:
    """GET /servers/new"""
    return await _form(request, Typed())


async def add(request: Request) -> Response:
    """POST /servers/new: adds the server, and starts it when that is ticked."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        typed, start = Typed.read(form), bool(form.get("start"))
    try:
        edit = typed.edit()
        folders = [line for line in typed.folders.splitlines() if line.strip()]
        server = await hub.fleet.add(typed.name, folders, edit, autostart=typed.autostart)
    except NexusError as error:
        return await _form(request, typed, error=error)
    if start:
        hub.fleet.order("start", [server.id])
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server.id}", 303)


async def show_edit(request: Request) -> Response:
    """GET /servers/{id}/edit"""
    hub: Hub = request.state.hub
    server = hub.fleet.get(request.path_params["id"])
    return await _form(request, Typed.of(server, hub.fleet.variables(server.id)), server)


async def edit(request: Request) -> Response:
    """POST /servers/{id}/edit"""
    hub: Hub = request.state.hub
    server = hub.fleet.get(request.path_params["id"])
    async with request.form() as form:
        typed = Typed.read(form)
    try:
        wanted = typed.edit(hub.fleet.variables(server.id))
        if server.kind != "local":
            wanted = Edit(name=wanted.name, position=wanted.position)
        await hub.fleet.edit(server.id, wanted)
    except NexusError as error:
        return await _form(request, typed, server, error)
    return RedirectResponse(f"{hub.settings.base_path}/servers/{server.id}", 303)


async def _form(
    request: Request, typed: Typed, server: ServerState | None = None, error: NexusError | None = None
) -> Response:
    if error is not None and error.status >= 500:
        raise error
    hub: Hub = request.state.hub
    errors: dict[str, str] = {}
    if error is not None:
        field = str(error.data.get("field") or error.data.get("limit") or FIELDS.get(error.code, ""))
        if field == "environment" and error.data.get("variable") in {
            _line(line)[0] for line in typed.secrets.splitlines()
        }:
            field = "secrets"
        errors[field] = " ".join(part for part in (error.title, error.detail, error.hint) if part)
    values: dict[str, Any] = {"typed": typed.without_secrets(), "server": server, "errors": errors}
    values["versions"] = await _versions(hub, typed.version)
    values["many"] = len(hub.fleet.list())
    return hub.pages.response(request, "server_form.html", 200 if error is None else error.status, **values)


async def _versions(hub: Hub, wanted: str) -> dict[str, str]:
    """Return the versions that can be chosen, with their words."""
    here = sorted({found.checked.version for found in await hub.installer.found() if found.checked is not None})
    words = {"": "The one that Nexus uses"} | {version: version for version in here}
    return words if wanted in words else words | {wanted: f"{wanted} (not on this machine)"}


async def duplicate(request: Request) -> Response:
    """POST /servers/{id}/duplicate: makes a copy, and leads to its form."""
    hub: Hub = request.state.hub
    copy = await hub.fleet.duplicate(request.path_params["id"])
    return RedirectResponse(f"{hub.settings.base_path}/servers/{copy.id}/edit", 303)


async def ask_remove(request: Request) -> Response:
    """GET /servers/{id}/remove: asks first, where no script can."""
    hub: Hub = request.state.hub
    card = server_card(hub, hub.fleet.get(request.path_params["id"]))
    return hub.pages.response(
        request,
        "remote_ask.html",
        title=f"Remove {card.server.name}?",
        text=card.loss,
        action=f"/servers/{card.server.id}/remove",
        back=f"/servers/{card.server.id}",
        yes="Remove the server",
    )


async def remove(request: Request) -> Response:
    """POST /servers/{id}/remove: its folders stay."""
    hub: Hub = request.state.hub
    await hub.fleet.remove(request.path_params["id"])
    return RedirectResponse(f"{hub.settings.base_path}/servers", 303)


routes: list[BaseRoute] = [
    Route("/servers/new", show_new, methods=["GET"]),
    Route("/servers/new", add, methods=["POST"]),
    Route("/servers/{id}/edit", show_edit, methods=["GET"]),
    Route("/servers/{id}/edit", edit, methods=["POST"]),
    Route("/servers/{id}/duplicate", duplicate, methods=["POST"]),
    Route("/servers/{id}/remove", ask_remove, methods=["GET"]),
    Route("/servers/{id}/remove", remove, methods=["POST"]),
]

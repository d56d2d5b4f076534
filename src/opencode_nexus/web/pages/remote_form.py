# SPDX-License-Identifier: MIT
"""The forms that make a tunnel (kinds quick, token and config) and change one (all kinds)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError, NotFound
from opencode_nexus.render.page import duration_text
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import PROTOCOLS, Kind, TunnelConfig
from opencode_nexus.tunnels.errors import TunnelExists
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.remote_password import asks, refusal
from opencode_nexus.web.pages.remote_view import free_name

HERE: tuple[Kind, ...] = ("quick", "token", "config")
NAMES: Mapping[Kind, str] = {"quick": "Quick tunnel", "token": "My tunnel", "config": "My tunnel", "api": "My tunnel"}
HEADINGS: Mapping[Kind, str] = {
    "quick": "Quick tunnel",
    "token": "Named tunnel, by its token",
    "config": "Your own tunnel",
    "api": "Named tunnel, made by Nexus",
}
PROTOCOL_WORDS = {"auto": "Whichever works", "quic": "QUIC (UDP)", "http2": "HTTP/2 (TCP)"}
TIMES = (900.0, 3600.0, 4 * 3600.0, 8 * 3600.0, 24 * 3600.0, 7 * 86400.0)
IDLE = 8 * 3600.0  # seconds: a quick tunnel that nobody uses is closed over night


def fresh_config(hub: Hub, kind: Kind) -> TunnelConfig:
    """What the form of a new tunnel begins with."""
    return TunnelConfig(
        name=free_name(hub, NAMES[kind]),
        kind=kind,
        autostart=kind != "quick",
        stop_idle=IDLE if kind == "quick" else None,
    )


def times(now: float | None) -> dict[str, str]:
    """What can be chosen as a time, by the value of the field; `now` is among it whatever it is."""
    values = sorted({*TIMES, *(() if now is None else (now,))})
    return {"": "Never"} | {f"{value:.0f}": duration_text(value) for value in values}


def typed(form: FormData, config: TunnelConfig) -> TunnelConfig:
    """Return `config` as the form wants it, right or wrong; raises ValueError for a time that is no number."""
    text = {name: str(form.get(name, "")).strip() for name in ("name", "hostname", "credentials", "allowed_mail")}
    mail = tuple(part for part in text["allowed_mail"].replace(",", " ").split() if part)
    protocol: Any = str(form.get("protocol", config.protocol))
    return replace(
        config,
        name=text["name"],
        hostname=text["hostname"].lower() if "hostname" in form else config.hostname,
        credentials=text["credentials"] if "credentials" in form else config.credentials,
        allowed_mail=mail if "allowed_mail" in form else config.allowed_mail,
        protocol=protocol,
        autostart=bool(form.get("autostart")),
        stop_after=_seconds(form, "stop_after"),
        stop_idle=_seconds(form, "stop_idle"),
    )


def _seconds(form: FormData, name: str) -> float | None:
    value = str(form.get(name, "")).strip()
    return float(value) if value else None


def complaint(error: NexusError) -> dict[str, str]:
    """Return what is wrong by the field that it is about; "" for the form as a whole."""
    field = str(error.data.get("field", "")) if not isinstance(error, TunnelExists) else "name"
    return {field: " ".join(part for part in (error.title, error.detail, error.hint) if part)}


def form_page(
    request: Request,
    config: TunnelConfig,
    *,
    tunnel_id: str = "",
    errors: Mapping[str, str] | None = None,
    template: str = "remote_form.html",
    **values: Any,
) -> Response:
    """The form with `config` in it; `tunnel_id` names the tunnel that it changes, empty makes a new one."""
    hub: Hub = request.state.hub
    return hub.pages.response(
        request,
        template,
        status=400 if errors else 200,
        config=config,
        kind=config.kind,
        heading=HEADINGS[config.kind],
        tunnel_id=tunnel_id,
        errors=errors or {},
        asks=asks(request),
        protocols={name: PROTOCOL_WORDS[name] for name in PROTOCOLS},
        after=times(config.stop_after),
        idle=times(config.stop_idle),
        service=f"http://127.0.0.1:{hub.door.port}",
        **values,
    )


def _kind(request: Request) -> Kind:
    kind = request.path_params["kind"]
    if kind not in HERE:
        raise NotFound(f"There is no kind of tunnel called {kind[:20]!r}.")
    return kind  # type: ignore[no-any-return]  # one of HERE


async def show_new(request: Request) -> Response:
    """GET /remote/new/{kind}"""
    return form_page(request, fresh_config(request.state.hub, _kind(request)))


async def make(request: Request) -> Response:
    """POST /remote/new/{kind}: makes the tunnel and starts it."""
    hub: Hub = request.state.hub
    config, since = fresh_config(hub, _kind(request)), hub.tunnels.closings
    async with request.form() as form:
        try:
            config = typed(form, config)
        except ValueError:
            return form_page(request, config, errors={"": "Choose the times from the lists."})
        secret = str(form.get("token", "")).strip()
        if error := await refusal(request, form):
            return form_page(request, config, errors={"password": f"{error.title} {error.detail}".strip()})
    if config.kind == "token" and not secret:
        return form_page(request, config, errors={"token": "Paste the token."})
    try:
        info = await hub.tunnels.create_tunnel(config.checked(), secret=Secret(secret) if secret else None)
    except NexusError as error:
        if error.status >= 500:
            raise
        return form_page(request, config, errors=complaint(error))
    return await opened(request, info.id, since)


async def opened(request: Request, tunnel_id: str, since: int) -> Response:
    """Start a tunnel that was just made, and go to its page, which says when it could not be started.

    It is not started when everything was closed since the tunnels' `closings` had the value `since`.
    """
    hub: Hub = request.state.hub
    try:
        await hub.opener.start(tunnel_id, since=since)
    except NexusError:
        pass  # its card says why
    return RedirectResponse(f"{hub.settings.base_path}/remote/{tunnel_id}", 303)


async def show_change(request: Request) -> Response:
    """GET /remote/{id}/change"""
    hub: Hub = request.state.hub
    info = hub.tunnels.get(request.path_params["id"])
    return form_page(request, info.config, tunnel_id=info.id)


async def change(request: Request) -> Response:
    """POST /remote/{id}/change: a tunnel that runs says then that it must be restarted."""
    hub: Hub = request.state.hub
    info = hub.tunnels.get(request.path_params["id"])
    config = info.config
    async with request.form() as form:
        try:
            config = typed(form, config)
        except ValueError:
            return form_page(request, config, tunnel_id=info.id, errors={"": "Choose the times from the lists."})
        secret = str(form.get("token", "")).strip()
        if error := await refusal(request, form):
            said = {"password": f"{error.title} {error.detail}".strip()}
            return form_page(request, config, tunnel_id=info.id, errors=said)
    try:
        await hub.tunnels.change_tunnel(info.id, config.checked(), secret=Secret(secret) if secret else None)
    except NexusError as error:
        if error.status >= 500:
            raise
        return form_page(request, config, tunnel_id=info.id, errors=complaint(error))
    return RedirectResponse(f"{hub.settings.base_path}/remote/{info.id}", 303)


routes: list[BaseRoute] = [
    Route("/remote/new/{kind}", show_new, methods=["GET"]),
    Route("/remote/new/{kind}", make, methods=["POST"]),
    Route("/remote/{id}/change", show_change, methods=["GET"]),
    Route("/remote/{id}/change", change, methods=["POST"]),
]

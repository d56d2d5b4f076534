# SPDX-License-Identifier: MIT
"""The wizard for a tunnel that Nexus makes at Cloudflare: paste an API token, choose a domain and a name."""

import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.bus import Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.live.channel import Channel
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.providers.cloudflare.permissions import PERMISSIONS, Verified
from opencode_nexus.tunnels.providers.cloudflare.steps import Step
from opencode_nexus.web.context import Hub
from opencode_nexus.web.drafts import Draft
from opencode_nexus.web.pages.pieces import Html, Pieces
from opencode_nexus.web.pages.remote_form import complaint, form_page, fresh_config, opened, typed
from opencode_nexus.web.pages.remote_password import refusal

TOPIC = "tunnel-making"
STEP = "tunnel-step"  # bus topic
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


class MakingSource(Pieces):
    """Feeds the topic `tunnel-making`: the steps at Cloudflare as they are done; `app.py` registers it."""

    def __init__(self, hub: Hub) -> None:
        macro = hub.pages.macro("remote_api_parts.html", "steps")
        self._bus_ = hub.bus
        self._steps: dict[str, Step] = {}

        def make() -> Html:
            return {"making": macro(list(self._steps.values()))}

        super().__init__(hub.bus, (STEP,), make, hub.pages.macro("remote_api_parts.html", "region"), lambda: _nothing)

    async def start(self, channel: Channel) -> None:
        """Listen for steps before the pieces are made of them."""
        end = self._bus_.listen(self._heard, STEP)
        await super().start(channel)
        self._ends.append(end)

    def _heard(self, record: Record) -> None:
        step = record.data
        if isinstance(step, Step):
            if step.name == "check" and step.state == "running":  # another beginning
                self._steps.clear()
            self._steps[step.name] = step


def _nothing() -> None:
    return None


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


def _ask(request: Request, status: int = 200, error: str = "") -> Response:
    hub: Hub = request.state.hub
    errors = {"token": error} if error else {}
    return hub.pages.response(request, "remote_api_token.html", status, errors=errors, needed=PERMISSIONS)


async def show_token(request: Request) -> Response:
    """GET /remote/new/api: which permissions are needed, and the field for the token."""
    return _ask(request)


async def look(request: Request) -> Response:
    """POST /remote/new/api/token: asks Cloudflare what the token may do."""
    hub: Hub = request.state.hub
    async with request.form() as form:
        token = Secret(str(form.get("token", "")).strip())
    if not token.reveal():
        return _ask(request, 400, "Paste the API token.")
    try:
        verified = await hub.cloudflare.verify(token)
    except NexusError as error:
        return _ask(request, error.status, " ".join(part for part in (error.title, error.detail, error.hint) if part))
    hub.drafts.keep(request.state.who.key, token, verified)
    return _to(request, "/remote/new/api/name")


async def _page(
    request: Request, draft: Draft, values: dict[str, str], errors: dict[str, str] | None = None, **more: Any
) -> Response:
    hub: Hub = request.state.hub
    channel = await hub.live.open(TOPIC)
    cursor, region = channel.snapshot()
    config = more.pop("config", None) or fresh_config(hub, "api")
    return form_page(
        request, config, errors=errors, template="remote_api_name.html", verified=draft.verified, typed=values,
        topic=TOPIC, cursor=cursor, region=region, steps=more.get("steps", []),
    )  # fmt: skip


async def show_name(request: Request) -> Response:
    """GET /remote/new/api/name: what the token may do, and which name the tunnel shall have."""
    hub: Hub = request.state.hub
    draft = hub.drafts.find(request.state.who.key)
    if draft is None:
        return _to(request, "/remote/new/api")
    return await _page(request, draft, {"zone": "", "label": "code"})


def _zone_name(verified: Verified, zone_id: str) -> tuple[str, str]:
    """Return (name, account) of a zone; empty when the token does not see it."""
    return next(((zone.name, zone.account) for zone in verified.zones if zone.id == zone_id), ("", ""))


async def make(request: Request) -> Response:
    """POST /remote/new/api/name: makes tunnel, way and name at Cloudflare, or nothing of it, and starts it."""
    hub: Hub = request.state.hub
    key = request.state.who.key
    draft = hub.drafts.find(key)
    if draft is None:
        return _to(request, "/remote/new/api")
    config, since = fresh_config(hub, "api"), hub.tunnels.closings
    async with request.form() as form:
        values = {name: str(form.get(name, "")).strip().lower() for name in ("zone", "label")}
        values["zone"] = str(form.get("zone", ""))
        try:
            config = typed(form, config)
        except ValueError:
            return await _page(request, draft, values, {"": "Choose the times from the lists."})
        wrong = await refusal(request, form)
    domain, account = _zone_name(draft.verified, values["zone"])
    errors = {}
    if wrong is not None:
        errors["password"] = f"{wrong.title} {wrong.detail}".strip()
    if not domain:
        errors["zone"] = "Choose the domain."
    if not _LABEL.fullmatch(values["label"]):
        errors["label"] = "A name has letters, digits and hyphens, such as code."
    if errors:
        return await _page(request, draft, values, errors, config=config)
    config = replace(config, hostname=f"{values['label']}.{domain}", account=account, zone=values["zone"])
    try:
        info = await hub.tunnels.create_tunnel(config.checked(), secret=draft.token)
    except NexusError as error:
        said = complaint(error)
        found = {"label" if field == "hostname" else field: text for field, text in said.items()}
        return await _page(request, draft, values, found, config=config, steps=error.data.get("steps", []))
    hub.drafts.forget(key)
    return await opened(request, info.id, since)


routes: list[BaseRoute] = [
    Route("/remote/new/api", show_token, methods=["GET"]),
    Route("/remote/new/api/token", look, methods=["POST"]),
    Route("/remote/new/api/name", show_name, methods=["GET"]),
    Route("/remote/new/api/name", make, methods=["POST"]),
]

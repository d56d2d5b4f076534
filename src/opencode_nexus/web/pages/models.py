# SPDX-License-Identifier: MIT
"""The settings page's models: a provider's key, an own model server, the practice model."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.pages.settings_view import back, show


def _words(error: NexusError) -> str:
    return " ".join(part for part in (error.title, error.detail, error.hint) if part)


async def set_key(request: Request) -> Response:
    """Hands a provider's key to OpenCode, which keeps it."""
    async with request.form() as form:
        server, provider, key = (str(form.get(name, "")).strip() for name in ("server", "provider", "key"))
    typed = {"server": server, "provider": provider}
    errors = {}
    if not provider or not provider.isprintable() or "/" in provider or " " in provider:
        errors["provider"] = "Enter the provider's id, such as anthropic."
    if not key:
        errors["key"] = "Enter the API key."
    if errors:
        return show(request, 400, errors=errors, values=typed)
    try:
        await request.state.hub.chat.set_key(server, provider, key)
        forget(request.state.hub)
    except NexusError as error:
        return show(request, error.status, errors={"": _words(error)}, values=typed)
    return back(request, "provider", "provider")


async def add_compatible(request: Request) -> Response:
    """Adds an OpenAI-compatible address to OpenCode's providers."""
    fields = ("server", "name", "base_url", "models", "compatible_key")
    async with request.form() as form:
        typed = {name: str(form.get(name, "")).strip() for name in fields}
    key = typed.pop("compatible_key")
    models = [name for name in (part.strip() for part in typed["models"].split(",")) if name]
    errors = {}
    if not typed["name"]:
        errors["name"] = "Enter a name."
    if not _is_address(typed["base_url"]):
        errors["base_url"] = "Enter an address that begins with http:// or https://."
    if not models:
        errors["models"] = "Enter the name of at least one model."
    if errors:
        return show(request, 400, errors=errors, values=typed)
    try:
        await request.state.hub.chat.add_compatible(typed["server"], typed["name"], typed["base_url"], key, models)
        forget(request.state.hub)
    except NexusError as error:
        return show(request, error.status, errors={"": _words(error)}, values=typed)
    return back(request, "compatible", "compatible")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


async def switch_practice(request: Request) -> Response:
    """Switches the practice model on or off."""
    async with request.form() as form:
        on = form.get("on") == "1"
    practice = request.state.hub.practice
    try:
        await (practice.enable() if on else practice.disable())
    except NexusError as error:
        return show(request, error.status, errors={"": _words(error)})
    return back(request, "practice-on" if on else "practice-off", "practice")


routes: list[BaseRoute] = [
    Route("/settings/provider", set_key, methods=["POST"]),
    Route("/settings/compatible", add_compatible, methods=["POST"]),
    Route("/settings/practice", switch_practice, methods=["POST"]),
]

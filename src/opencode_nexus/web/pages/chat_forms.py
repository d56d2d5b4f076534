# SPDX-License-Identifier: MIT
"""What a chat's forms do: answer, rename, begin, and make models usable; see `chat_actions` for the rest.

Each works as a plain form (303 back to the chat) and for wire.js (204, or JSON with what to say or where to go).
"""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.core.errors import NexusError
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import answers

# What a form did, in words; the key goes through the address of a page without script.
SAID = {
    "stopped": "Stopped. What the agent said before is kept.",
    "key": "The key was saved. Choose a model and write your first message.",
    "models": "The models were added. Choose one and write your first message.",
}


def _links(request: Request) -> Links:
    base = request.scope.get("root_path", "")
    return Links(base, request.path_params["server"], request.path_params.get("session", ""))


def _live(request: Request) -> bool:
    return request.headers.get("x-nexus") == "live"


def _done(request: Request, address: str) -> Response:
    """Nothing more to say: the live page shows the rest itself, another is sent back to `address`."""
    return Response(status_code=204) if _live(request) else RedirectResponse(address, 303)


def _went(request: Request, address: str) -> Response:
    return JSONResponse({"go": address}) if _live(request) else RedirectResponse(address, 303)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _words(error: NexusError) -> str:
    return " ".join(filter(None, (error.title, error.detail, error.hint)))


async def _refused(request: Request, form: FormData, name: str, error: NexusError, *fields: str) -> Response:
    """Show what is wrong in the form `name`, with what was typed; where the page's script reads it, raise `error`."""
    from opencode_nexus.web.pages.chat import page

    session = _text(form, "session")
    if _live(request) or not session or error.status >= 500:
        raise error
    links = Links(request.scope.get("root_path", ""), request.path_params["server"], session)
    typed = {f"{name}-{field}": _text(form, field) for field in fields}
    return await page(request, links, status=error.status, errors={name: _words(error)}, typed=typed)


async def answer_permission(request: Request) -> Response:
    """POST /chat/{server}/{session}/permission/{id}: as `answers.permission` takes it."""
    await answers.permission(request)
    return _done(request, _links(request).session)


async def answer_question(request: Request) -> Response:
    """POST /chat/{server}/{session}/question/{id}: as `answers.question` takes it."""
    await answers.question(request)
    return _done(request, _links(request).session)


async def rename(request: Request) -> Response:
    """POST /chat/{server}/{session}/edit: `title`."""
    hub: Hub = request.state.hub
    links = _links(request)
    title = _text(await request.form(), "title").strip()
    if not title:
        errors = {"title": "Enter a name for this chat."}
        return hub.pages.response(request, "chat_edit.html", 400, links=links, title="", errors=errors)
    await hub.chat.rename(links.server_id, links.session_id, title[:200])
    return _went(request, links.session)


async def create(request: Request) -> Response:
    """POST /chat/{server}/new: `project`, a folder of the server, may be left out."""
    hub: Hub = request.state.hub
    links = _links(request)
    project = _text(await request.form(), "project") or None
    return _went(request, links.of(await hub.chat.create(links.server_id, "", project)))


def _back(form: FormData, links: Links) -> str:
    """The chat that a form was sent from, else the server's newest."""
    session = _text(form, "session")
    return links.of(session) if session else links.server


async def set_key(request: Request) -> Response:
    """POST /chat/{server}/key: `provider`, `key`; OpenCode itself keeps it. `session`: the page it was sent from."""
    hub: Hub = request.state.hub
    links = _links(request)
    form = await request.form()
    try:
        await hub.chat.set_key(links.server_id, _text(form, "provider").strip(), _text(form, "key").strip())
    except NexusError as error:
        return await _refused(request, form, "key", error, "provider")
    forget(hub)
    return _went(request, _back(form, links) + "?said=key")


async def add_compatible(request: Request) -> Response:
    """POST /chat/{server}/compatible: `name`, `address`, `key`, `models` with commas between, and `session`."""
    hub: Hub = request.state.hub
    links = _links(request)
    form = await request.form()
    models = [name.strip() for name in _text(form, "models").split(",") if name.strip()]
    name, address, key = (_text(form, field).strip() for field in ("name", "address", "key"))
    try:
        await hub.chat.add_compatible(links.server_id, name, address, key, models)
    except NexusError as error:
        return await _refused(request, form, "compatible", error, "name", "address", "models")
    forget(hub)
    return _went(request, _back(form, links) + "?said=models")


_SESSION = "/chat/{server}/{session}"

of_server: list[BaseRoute] = [
    Route("/chat/{server}/new", create, methods=["POST"]),
    Route("/chat/{server}/key", set_key, methods=["POST"]),
    Route("/chat/{server}/compatible", add_compatible, methods=["POST"]),
]
of_session: list[BaseRoute] = [
    Route(_SESSION + "/permission/{id}", answer_permission, methods=["POST"]),
    Route(_SESSION + "/question/{id}", answer_question, methods=["POST"]),
    Route(_SESSION + "/edit", rename, methods=["POST"]),
]

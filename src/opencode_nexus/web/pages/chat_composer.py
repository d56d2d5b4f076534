# SPDX-License-Identifier: MIT
"""What the composer does: submit, keep drafts and files, complete words, and change what waits.

Each form works as a plain form (303 back to the chat) and for scripts (JSON, or 204).
"""

from dataclasses import asdict, replace
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.access.errors import BodyTooLarge
from opencode_nexus.chat.composing.attachments import PICTURES
from opencode_nexus.chat.composing.composer import form_key
from opencode_nexus.chat.composing.drafts import LONGEST
from opencode_nexus.chat.errors import MessageEmpty, ModelUnknown
from opencode_nexus.core.errors import BadRequest, NexusError
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.chat_choices import choices
from opencode_nexus.web.composed_form import Composed, composed
from opencode_nexus.web.composing import chip, new_key, user_of
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.answers import ReplyUnknown


class DraftBroken(BadRequest):
    """A draft came without the version that it is a change of."""

    code = "draft-broken"
    title = "That draft cannot be kept."
    hint = "Load the page again; what was written stays in it."


def _links(request: Request) -> Links:
    return Links(request.scope.get("root_path", ""), request.path_params["server"], request.path_params["session"])


def _live(request: Request) -> bool:
    return request.headers.get("x-nexus") == "live"


def _back(request: Request, links: Links) -> Response:
    return Response(status_code=204) if _live(request) else RedirectResponse(links.session, 303)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


async def submit(request: Request) -> Response:
    """POST /chat/{server}/{session}: `text`, `model` ("provider/model"), `agent`, `variant`, `key`; `attached`, ids of
    files that were sent before, and `files`, new ones; `start`: start the server first.

    `version` is that of the draft which this was. For scripts `{"taken": "sent"|"queued", "key", "version"}`, the key
    being the one for the next message.
    """
    hub: Hub = request.state.hub
    links = _links(request)
    async with composed(request, keep=True) as form:
        try:
            taken = await _submit(request, hub, links, form)
        except NexusError as error:
            if _live(request):
                raise
            return await _unsent(request, links, form, error)
    if _live(request):
        version = hub.composer.drafts.get(user_of(request), links.session_id).version
        return JSONResponse({"taken": taken, "key": new_key(), "version": version})
    return RedirectResponse(links.session, 303)


async def _submit(request: Request, hub: Hub, links: Links, form: Composed) -> str:
    written, user, session_id = form.written, user_of(request), links.session_id
    server = hub.fleet.get(links.server_id)
    if form.excess is not None:
        raise form.excess
    if not written.text.strip() and not written.files and not form.files:
        raise MessageEmpty()
    if "model" in form.fields and not written.model:  # OpenCode would take one that somebody else pays for, and reads
        raise ModelUnknown("None was chosen.")
    added = await _added(hub, user, session_id, form.files)
    attached = hub.composer.attachments.mine(user, session_id, (*written.files, *added))
    if form.text("start"):
        await hub.fleet.start(links.server_id)
    folder = (await hub.chat.conversation(server.id, session_id)).state.directory
    model = next((one for one in (await choices(hub, server.id, folder)).models if one.id == written.model), None)
    # a page without script offers the variants of the model that it was opened with
    variant = written.variant if model is not None and written.variant in model.variants else None
    written = replace(written, files=attached, variant=variant)
    taken = await hub.composer.submit(user, server.id, session_id, written, form_key(form.key, session_id, written))
    await hub.composer.drafts.clear(user, session_id, written.text, _number(form.text("version")))
    if written.model:
        picked = (written.model, written.agent or "", variant or "")
        own = model is not None and not (model.practice or model.keyless)
        hub.composer.picked.used(user, session_id, folder, *picked, own=own)
    return taken


async def _added(hub: Hub, user: str, session_id: str, files: tuple[UploadFile, ...]) -> list[str]:
    """Keep new files with the draft; the first that cannot be sent is told of, and those before it are kept."""
    found = []
    for file in files:
        row = await hub.composer.attachments.add(user, session_id, file.filename or "", file.file)
        found.append(row.id)
    return found


async def _unsent(request: Request, links: Links, form: Composed, error: NexusError) -> Response:
    """Show why a message was not sent, with its text: in the chat, or by itself where the chat cannot be shown."""
    from opencode_nexus.web.pages.chat import page  # it joins these routes to its own

    hub: Hub = request.state.hub
    server = hub.fleet.get(links.server_id)
    words, text = " ".join(filter(None, (error.title, error.detail, error.hint))), form.written.text
    typed = {name: form.text(name) for name in ("model", "agent", "variant") if name in form.fields}
    try:
        return await page(request, links, status=error.status, errors={"": words}, text=text, typed=typed)
    except NexusError:
        typed["key"] = form.key
        values: dict[str, Any] = {"links": links, "server": server, "words": words, "text": text, "typed": typed}
        values["attached"] = form.written.files
        return hub.pages.response(request, "chat_unsent.html", error.status, **values)


# Drafts


async def draft(request: Request) -> Response:
    """GET /chat/{server}/{session}/draft: `{"text", "version", "chips"}`, the newest that this person's devices have
    sent.
    """
    hub: Hub = request.state.hub
    links = _links(request)
    user = user_of(request)
    rows = hub.composer.attachments.of_draft(user, links.session_id)
    kept = hub.composer.drafts.get(user, links.session_id)
    return JSONResponse({**asdict(kept), "chips": [chip(row, links) for row in rows]})


async def save_draft(request: Request) -> Response:
    """POST the same: `text`, `version` that it is a change of, and `model`, `agent`, `variant`.

    `{"kept": true, "version"}`, or with `"kept": false` and `text` what another device has written meanwhile.
    """
    hub: Hub = request.state.hub
    links = _links(request)
    hub.fleet.get(links.server_id)
    async with composed(request) as form:
        values = {name: form.text(name) for name in ("text", "version", "model", "agent", "variant")}
    version = _number(values["version"])
    if version is None:
        raise DraftBroken("It has no version.")
    user = user_of(request)
    if values["model"]:
        picked = (values["model"][:200], values["agent"][:200], values["variant"][:80])
        hub.composer.picked.pick(user, links.session_id, *picked)
    text = values["text"].replace("\r\n", "\n")
    kept, now = await hub.composer.drafts.save(user, links.session_id, text, version)
    return JSONResponse({"kept": kept, "version": now.version, **({} if kept else {"text": now.text})})


# Files


async def attach(request: Request) -> Response:
    """POST /chat/{server}/{session}/attach: `files` for the draft; `{"chips": […]}` for those that were taken."""
    hub: Hub = request.state.hub
    links = _links(request)
    hub.fleet.get(links.server_id)
    user = user_of(request)
    async with composed(request) as form:
        added = await _added(hub, user, links.session_id, form.files)
    rows = {row.id: row for row in hub.composer.attachments.of_draft(user, links.session_id)}
    return JSONResponse({"chips": [chip(rows[one], links) for one in added if one in rows]})


async def attached(request: Request) -> Response:
    """GET /chat/{server}/{session}/attached/{id}: a file as it is kept; shown when it is a picture, else saved."""
    hub: Hub = request.state.hub
    links = _links(request)
    row, path = hub.composer.attachments.content(user_of(request), links.session_id, request.path_params["id"])
    way = "inline" if row.mime in PICTURES else "attachment"
    return FileResponse(path, media_type=row.mime, filename=row.name, content_disposition_type=way)


async def remove_attached(request: Request) -> Response:
    """POST …/attached/{id}/remove: take a file out of the draft, and keep what is written beside it."""
    hub: Hub = request.state.hub
    links = _links(request)
    user = user_of(request)
    async with composed(request, keep=True) as form:
        text = form.written.text
        await hub.composer.attachments.remove(user, links.session_id, request.path_params["id"])
        if not _live(request) and len(text) > LONGEST:
            told = f"The file is removed. A draft keeps at most {LONGEST:,} characters: these are in this page alone."
            return await _unsent(request, links, form, BodyTooLarge(told, limit=LONGEST))
    if not _live(request):
        known = hub.composer.drafts.get(user, links.session_id).version
        await hub.composer.drafts.save(user, links.session_id, text, known)
    return _back(request, links)


# Completing


async def complete(request: Request) -> Response:
    """GET /chat/{server}/{session}/complete: `q`, the word being typed, with its `@` or `/`; `{"hits": […]}`."""
    hub: Hub = request.state.hub
    links = _links(request)
    word = request.query_params.get("q", "")[:200]
    folder = (await hub.chat.conversation(links.server_id, links.session_id)).state.directory
    hits = await hub.composer.completion.find(links.server_id, folder, word)
    return JSONResponse({"hits": [asdict(hit) for hit in hits]})


# What waits


async def queued(request: Request) -> Response:
    """POST /chat/{server}/{session}/queue/{id}: `do`: send, save (with `text`) or drop."""
    hub: Hub = request.state.hub
    links = _links(request)
    hub.fleet.get(links.server_id)
    async with composed(request) as form:
        do, text = form.text("do"), form.written.text
    queue, message_id = hub.composer.queue, request.path_params["id"]
    match do:
        case "send":
            await queue.send_now(links.session_id, message_id)
        case "save":
            if not text.strip():
                raise MessageEmpty()
            await queue.change(links.session_id, message_id, text)
        case "drop":
            queue.drop(links.session_id, message_id)
        case other:
            raise ReplyUnknown(f"It was {other[:40]!r}.")
    return _back(request, links)


_SESSION = "/chat/{server}/{session}"

routes: list[BaseRoute] = [
    Route(_SESSION, submit, methods=["POST"]),
    Route(_SESSION + "/draft", draft, methods=["GET"]),
    Route(_SESSION + "/draft", save_draft, methods=["POST"]),
    Route(_SESSION + "/attach", attach, methods=["POST"]),
    Route(_SESSION + "/attached/{id}", attached, methods=["GET"]),
    Route(_SESSION + "/attached/{id}/remove", remove_attached, methods=["POST"]),
    Route(_SESSION + "/complete", complete, methods=["GET"]),
    Route(_SESSION + "/queue/{id}", queued, methods=["POST"]),
]

# SPDX-License-Identifier: MIT
"""What a session changed in the files, on a page of its own, and the files that stand in its messages."""

import asyncio
import base64
import binascii
import re
from functools import partial
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat import kept_output
from opencode_nexus.chat.changes import Turn, told, turns
from opencode_nexus.chat.errors import MessageNotFound, ServerNotRunning
from opencode_nexus.core.errors import NotFound
from opencode_nexus.opencode.bounds import LONGEST, cut
from opencode_nexus.opencode.wire import child
from opencode_nexus.render.components.changes import by_file, change, named, total
from opencode_nexus.render.terminal import plain
from opencode_nexus.render.unseen import shown as unseen
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import columns
from opencode_nexus.web.pages.chat import PartNotFound, links_of, off, read_message
from opencode_nexus.web.pages.columns import two_columns

PIECE = 4 * 65_536  # characters of base64
LINES = 6000  # lines of changes on one page; the files after that are named only

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]{0,80})*)(;base64)?,")


class OutputGone(NotFound):
    """OpenCode keeps its files of outputs for some days only."""

    code = "output-gone"
    title = "OpenCode’s file of this output is not kept any more."
    hint = "What is left of the output stands in the chat."


async def show(request: Request) -> Response:
    """GET /chat/{server}/{session}/changes: all that was changed, or by one turn (`of`, `at`), or in one `file`."""
    hub: Hub = request.state.hub
    links, query = links_of(request), request.query_params
    try:
        state = (await hub.chat.conversation(links.server_id, links.session_id)).state
        before = None
        if wished := query.get("of", ""):
            message = await read_message(hub, links, wished, query.get("at", ""))
            if message is None:
                raise MessageNotFound
            found = [Turn(message, told(message))]
        else:
            read = partial(hub.chat.messages, links.server_id, links.session_id)
            found, before = await turns(read, query.get("before"), state.revert_from)
    except ServerNotRunning:
        return off(request, links)
    files = by_file([(turn.message, turn.diffs) for turn in found], state.directory)
    chosen = query.get("file")
    shown = [file for file in files if file.name == chosen] if chosen is not None else files
    two = two_columns(request)

    def address(**more: str) -> str:
        kept = {name: query[name] for name in ("of", "at", "before") if name in query}
        return f"{links.changes}?{urlencode({**kept, **more}, quote_via=quote)}"

    def make() -> Response:  # some thousand lines take tens of milliseconds
        room, made = LINES, []
        for file in shown:
            room -= file.lines
            if room >= 0 or len(shown) == 1:
                made.append(change(file, links, two=two))
            else:
                made.append(named(file, address(file=file.name)))
        return hub.pages.response(
            request,
            "chat_changes.html",
            links=links,
            title=state.title or "New chat",
            one_turn=bool(wished),
            unseen=unseen,
            one_file=chosen is not None,
            all_files=address(),
            files=files,
            total=total(files),
            body=Markup("").join(made),
            two=two,
            older=f"{links.changes}?before={quote(before)}" if before else "",
            further="before" in query,
        )

    return await asyncio.to_thread(make)


async def file(request: Request) -> Response:
    """GET /chat/{server}/{session}/file/{message}/{part}: what a file in a message holds, to be kept or looked at.

    Never as a page of ours: what is no picture is handed over to be saved, and runs nothing.
    """
    hub: Hub = request.state.hub
    links = links_of(request)
    message = await read_message(hub, links, request.path_params["message"], request.query_params.get("at", ""))
    part = message.parts.get(request.path_params["part"]) if message is not None else None
    url = str(part.data.get("url") or "") if part is not None and part.kind == "file" else ""
    content = await asyncio.to_thread(_content, url)
    if part is None or content is None:
        raise PartNotFound
    kind = str(part.data.get("mime") or "")
    safe = kind in PICTURES
    name = str(part.data.get("filename") or "").rpartition("/")[2][:120] or "file"
    headers = {
        "Content-Disposition": f"{'inline' if safe else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=kind if safe else "application/octet-stream", headers=headers)


async def output(request: Request) -> Response:
    """GET /chat/{server}/{session}/output/{message}/{part}: what OpenCode's file of an output that it cut holds.

    A page that says how much that is; with `as=text` the file itself, as plain text.
    """
    hub: Hub = request.state.hub
    links, query = links_of(request), request.query_params
    message = await read_message(hub, links, request.path_params["message"], query.get("at", ""))
    part = message.parts.get(request.path_params["part"]) if message is not None else None
    told = child(child(part.data, "state"), "metadata").get("outputPath") if part is not None else None
    content = await asyncio.to_thread(kept_output.read, told)
    if content is None or part is None:
        raise OutputGone
    if query.get("as") == "text":
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(content, media_type="text/plain; charset=utf-8", headers=headers)
    shown = child(part.data, "state").get("output")

    def make() -> Response:  # megabytes are looked through
        kept = kept_output.compared(content, shown if isinstance(shown, str) else "")
        text = content.decode(errors="replace")
        body = plain(cut(text) if len(text) > LONGEST else text)
        address = f"?{urlencode({**query, 'as': 'text'})}"
        values: dict[str, Any] = {
            "links": links,
            "part": part,
            "kept": kept,
            "body": body,
            "whole": len(text) <= LONGEST,
        }
        full = len(content) == kept_output.MOST
        return hub.pages.response(request, "chat_output.html", as_text=address, full=full, **values)

    return await asyncio.to_thread(make)


def _content(url: str) -> bytes | None:
    """Return what a data: address holds; None for any other, or a broken one."""
    found = _DATA.match(url)
    if found is None:
        return None
    rest = url[found.end() :]
    if not found[3]:
        return unquote_to_bytes(rest)
    try:  # in pieces, between which others go on: 10 MB at once took 50 ms
        pieces = (rest[start : start + PIECE] for start in range(0, len(rest), PIECE))
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except (binascii.Error, ValueError):
        return None


_SESSION = "/chat/{server}/{session}"

routes: list[BaseRoute] = [
    Route(_SESSION + "/changes", show, methods=["GET"]),
    Route(_SESSION + "/output/{message}/{part}", output, methods=["GET"]),
    Route(_SESSION + "/file/{message}/{part}", file, methods=["GET"]),
    *columns.routes,
]

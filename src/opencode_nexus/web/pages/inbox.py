# SPDX-License-Identifier: MIT
"""The inbox: what needs you, from every server, chat and sub-agent; what was answered; and what is always allowed."""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import NotWaiting
from opencode_nexus.chat.inbox.accepting import SPANS
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.opencode.patterns import words
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.by import by
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import answers
from opencode_nexus.web.pages.inbox_view import filter_of, server_name

SAID = {
    "once": "Allowed once.",
    "always": "Allowed from now on. It stands under “Rules”.",
    "reject": "Rejected.",
    "answered": "Answered.",
    "dismissed": "Dismissed.",
    "removed": "Taken back. OpenCode asks again from now on.",
}


class SpanUnknown(BadRequest):
    """The time for which a chat's permissions are to be given is none of the choices."""

    code = "span-unknown"
    title = "That is not one of the times for which a chat can allow all."
    hint = "Choose 15m, 1h, or turn."


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule as it is shown; times are epoch seconds."""

    id: str
    server: str
    directory: str
    permission: str
    pattern: str
    words: str
    at: float
    by: str
    device: str
    used: int
    last_used: float | None


def _live(request: Request) -> bool:
    return request.headers.get("x-nexus") == "live"


def _base(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


async def show(request: Request) -> Response:
    """GET /inbox: `kind` and `server` leave out the rest; `ended` is a row that was answered too late."""
    hub: Hub = request.state.hub
    query = request.query_params
    wanted = filter_of(query.get("kind", ""), query.get("server", "")[:80])
    channel = await hub.live.open(wanted.topic)
    cursor, region = channel.snapshot()
    late = next((one for one in hub.inbox_desk.ended() if one.row.id == query.get("ended")), None)
    return hub.pages.response(
        request, "inbox.html", topic=wanted.topic, cursor=cursor, region=region, late=late,
        said=SAID.get(query.get("said", ""), ""),
    )  # fmt: skip


async def permission(request: Request) -> Response:
    """POST /inbox/{id}/permission"""
    return await _answered(request, answers.permission)


async def question(request: Request) -> Response:
    """POST /inbox/{id}/question"""
    return await _answered(request, answers.question)


async def _answered(request: Request, answer: "answers.Answer") -> Response:
    """Answer, and stay in the inbox. A row that is gone takes its form with it: so the page says what became of it."""
    try:
        said = await answer(request)
    except NotWaiting:
        row_id = request.path_params["id"]
        if not any(one.row.id == row_id for one in request.state.hub.inbox_desk.ended()):
            raise
        address = f"{_base(request)}/inbox?ended={quote(row_id)}"
        return JSONResponse({"go": address}) if _live(request) else RedirectResponse(address, 303)
    if _live(request):
        return JSONResponse({"say": SAID[said]})
    return RedirectResponse(f"{_base(request)}/inbox?said={said}", 303)


async def dismiss(request: Request) -> Response:
    """POST /inbox/{id}/dismiss: put away a turn that is over."""
    hub: Hub = request.state.hub
    await hub.inbox_desk.dismiss(request.path_params["id"], by(request))
    return (
        Response(status_code=204) if _live(request) else RedirectResponse(f"{_base(request)}/inbox?said=dismissed", 303)
    )


async def history(request: Request) -> Response:
    """GET /inbox/history: the last 200 that were answered or ended."""
    hub: Hub = request.state.hub
    ended = hub.inbox_desk.ended()
    names = {one.row.server_id: server_name(hub, one.row.server_id) for one in ended}
    return hub.pages.response(request, "inbox_history.html", ended=ended, names=names)


async def rules(request: Request) -> Response:
    """GET /inbox/rules: what is always allowed."""
    hub: Hub = request.state.hub
    view = [
        RuleView(
            rule.id,
            server_name(hub, rule.server_id),
            rule.directory,
            rule.permission,
            rule.pattern,
            words(rule.permission, (rule.pattern,)),
            rule.at,
            rule.by_name,
            rule.by_device,
            rule.used,
            rule.last_used,
        )
        for rule in hub.inbox_desk.rules.all()
    ]
    said = SAID.get(request.query_params.get("said", ""), "")
    return hub.pages.response(request, "inbox_rules.html", rules=view, said=said)


async def remove_rule(request: Request) -> Response:
    """POST /inbox/rules/{id}/remove"""
    hub: Hub = request.state.hub
    await hub.inbox_desk.remove_rule(request.path_params["id"], by(request))
    address = f"{_base(request)}/inbox/rules?said=removed"
    return JSONResponse({"go": address}) if _live(request) else RedirectResponse(address, 303)


async def accepting(request: Request) -> Response:
    """GET /chat/{server}/{session}/accepting: allow all that a chat asks, for a time."""
    hub: Hub = request.state.hub
    links = _links(request)
    now = hub.inbox_desk.accepting.of(links.server_id, [links.session_id])
    title = (await hub.chat.session(links.server_id, links.session_id)).title
    return hub.pages.response(request, "chat_accepting.html", links=links, title=title, now=now, spans=SPANS)


async def accept(request: Request) -> Response:
    """POST /chat/{server}/{session}/accepting: `span` 15m, 1h, turn, or stop; `back` inbox: it was sent from there."""
    hub: Hub = request.state.hub
    links = _links(request)
    form = await request.form()
    wanted = str(form.get("span", ""))
    if wanted == "stop":
        await hub.inbox_desk.stop_accepting(links.server_id, links.session_id, by(request))
    else:
        span = next((span for span in SPANS if span == wanted), None)
        if span is None:
            raise SpanUnknown(f"It was {wanted[:40]!r}.")
        await hub.inbox_desk.accept(links.server_id, links.session_id, span, by(request))
    if form.get("back") == "inbox":
        return Response(status_code=204) if _live(request) else RedirectResponse(f"{_base(request)}/inbox", 303)
    return JSONResponse({"go": links.session}) if _live(request) else RedirectResponse(links.session, 303)


def _links(request: Request) -> Links:
    return Links(_base(request), request.path_params["server"], request.path_params["session"])


routes: list[BaseRoute] = [
    Route("/inbox", show, methods=["GET"]),
    Route("/inbox/history", history, methods=["GET"]),
    Route("/inbox/rules", rules, methods=["GET"]),
    Route("/inbox/rules/{id}/remove", remove_rule, methods=["POST"]),
    Route("/inbox/{id}/permission", permission, methods=["POST"]),
    Route("/inbox/{id}/question", question, methods=["POST"]),
    Route("/inbox/{id}/dismiss", dismiss, methods=["POST"]),
    Route("/chat/{server}/{session}/accepting", accepting, methods=["GET"]),
    Route("/chat/{server}/{session}/accepting", accept, methods=["POST"]),
]

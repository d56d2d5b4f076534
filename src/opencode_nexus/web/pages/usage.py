# SPDX-License-Identifier: MIT
"""The pages of what agents take: of everything, and of one chat; with the forms of their budgets."""

import re

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from opencode_nexus.chat.errors import ServerNotRunning
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.chat.usage.budgets import BudgetInvalid, Kind
from opencode_nexus.render.components.links import Links
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages import usage_view as view
from opencode_nexus.web.pages.chat import links_of, off

SAID = {"budget": "The budget is saved."}
_AMOUNTS = {
    "usd": (
        re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?"),
        "Enter an amount in US dollars above zero, such as 5 or 2.50, or leave it empty.",
    ),
    "tokens": (
        re.compile(r"[0-9]{1,15}"),
        "Enter a whole number of tokens above zero, such as 2000000, or leave it empty.",
    ),
}
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")  # 1,000 but not 2,50, which some write for 2.50


async def show(request: Request) -> Response:
    """GET /usage: what all servers took; `days` 1, 7 or 30."""
    return await _overall(request)


async def _overall(request: Request, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    hub: Hub = request.state.hub
    days = request.query_params.get("days", "7")
    period = int(days) if days in map(str, view.PERIODS) else 7
    day = hub.budgets.of_day()
    form = await request.form() if request.method == "POST" else FormData()
    return hub.pages.response(
        request,
        "usage.html",
        status,
        view=await view.overall(hub, request.scope.get("root_path", ""), period),
        periods=view.PERIODS,
        day=view.budget(day.limits, day),
        chat=view.budget(hub.budgets.common("chat")),
        typed=form,
        errors=errors or {},
        said=SAID.get(request.query_params.get("said", "")),
    )


async def save_budgets(request: Request) -> Response:
    """POST /usage: `day_usd`, `day_tokens`, `chat_usd`, `chat_tokens`; an empty one is no limit."""
    hub: Hub = request.state.hub
    form = await request.form()
    errors: dict[str, str] = {}
    kinds: tuple[Kind, ...] = ("day", "chat")
    amounts = {kind: _amounts(form, f"{kind}_", errors) for kind in kinds}
    if errors:
        return await _overall(request, BudgetInvalid.status, errors)
    for kind in kinds:
        await hub.budgets.set_common(kind, *amounts[kind])
    return RedirectResponse(request.scope.get("root_path", "") + "/usage?said=budget#budgets", 303)


async def show_chat(request: Request) -> Response:
    """GET /chat/{server}/{session}/usage: what one chat took; `before`, a message's id: the answers before it."""
    try:
        return await _chat(request)
    except ServerNotRunning:  # and nothing is kept of it
        return off(request, links_of(request))


async def _chat(request: Request, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    hub: Hub = request.state.hub
    links = links_of(request)
    usage, session_id = hub.token_usage, checked_id(links.session_id)
    title, gone = await _title(hub, links)
    root_id = usage.root(links.server_id, session_id)
    before = request.query_params.get("before", "")
    answers = await usage.reports.answers(session_id, view.ANSWERS + 1, before)
    form = await request.form() if request.method == "POST" else FormData()
    sums, state = usage.spent(session_id), hub.budgets.of_chat(root_id)
    agents = [group for group in await usage.reports.sessions(session_id) if group.key != session_id]
    return hub.pages.response(
        request,
        "chat_usage.html",
        status,
        links=links,
        title=title,
        gone=gone,
        root=links.of(root_id) if root_id != session_id else "",
        whole=view.Row("", sums, view.cost_words(sums)),
        context=view.context_of(usage.fill(session_id)),
        models=[
            view.Row(one.key, one.sums, view.cost_words(one.sums)) for one in await usage.reports.models(session_id)
        ],
        agents=[view.chat_row(hub, links.base, one) for one in agents],
        answers=[view.said(links, session_id, one) for one in answers[: view.ANSWERS]],
        more=answers[view.ANSWERS - 1].id if len(answers) > view.ANSWERS else "",
        newest=not before,
        budget=view.budget(state.limits, state),
        common=view.budget(hub.budgets.common("chat")),
        sentence=hub.budgets.sentence(links.server_id, session_id),
        day_reached=state.what != "reached" and hub.budgets.of_day().what == "reached",
        typed=form,
        errors=errors or {},
        said=SAID.get(request.query_params.get("said", "")),
    )


async def _title(hub: Hub, links: Links) -> tuple[str, bool]:
    """Return a session's title, and whether it was deleted; raises SessionNotFound or ServerNotRunning."""
    hub.fleet.get(links.server_id)
    kept = hub.token_usage.reports.session(links.session_id)
    if kept is not None and kept.gone:
        return "Deleted chat", True
    title = hub.chat.title(links.server_id, links.session_id) or (kept.title if kept else "")
    if not title and kept is None:
        title = (await hub.chat.session(links.server_id, links.session_id)).title
    return title or "New chat", False


async def save_chat(request: Request) -> Response:
    """POST /chat/{server}/{session}/usage: `kind` common, none or own with `usd` and `tokens`."""
    hub: Hub = request.state.hub
    links = links_of(request)
    await _title(hub, links)
    form = await request.form()
    errors: dict[str, str] = {}
    match form.get("kind"):
        case "common":
            await hub.budgets.clear_own(links.server_id, links.session_id)
        case "none":
            await hub.budgets.set_own(links.server_id, links.session_id, None, None)
        case _:
            usd, tokens = _amounts(form, "", errors)
            if not errors and usd is None and tokens is None:
                errors["usd"] = "Enter an amount in dollars, or a number of tokens, or both."
            if errors:
                return await _chat(request, BudgetInvalid.status, errors)
            await hub.budgets.set_own(links.server_id, links.session_id, usd, tokens)
    return RedirectResponse(links.session + "/usage?said=budget#budget", 303)


def _amounts(form: FormData, prefix: str, errors: dict[str, str]) -> tuple[float | None, int | None]:
    """Return the limits of a form, None for an empty one; says in `errors` which are none."""
    found: list[str] = []
    for name, (pattern, sentence) in _AMOUNTS.items():
        typed = str(form.get(prefix + name) or "").strip().removeprefix("$").strip()
        plain = typed.replace(",", "") if _THOUSANDS.fullmatch(typed) else typed
        if plain and not (pattern.fullmatch(plain) and float(plain) > 0):
            errors[prefix + name] = sentence
        found.append(plain)
    if errors:
        return None, None
    return float(found[0]) if found[0] else None, int(found[1]) if found[1] else None


_CHAT = "/chat/{server}/{session}/usage"

routes: list[BaseRoute] = [
    Route("/usage", show, methods=["GET"]),
    Route("/usage", save_budgets, methods=["POST"]),
    Route(_CHAT, show_chat, methods=["GET"]),
    Route(_CHAT, save_chat, methods=["POST"]),
]

# SPDX-License-Identifier: MIT
"""The forms by which a permission or a question is answered: the same in a chat and in the inbox."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData
from starlette.requests import Request

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.opencode.state import Question
from opencode_nexus.web.by import by
from opencode_nexus.web.context import Hub

Answer = Callable[[Request], Awaitable[str]]


class ReplyUnknown(BadRequest):
    """The form's answer is none of the choices."""

    code = "reply-unknown"
    title = "That is not one of the answers."
    hint = "Choose one of the buttons on the card."


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def permission(request: Request) -> str:
    """Take `reply` once, always or reject, and `message` with a reject; returns the reply. Raises NotWaiting too."""
    hub: Hub = request.state.hub
    form = await request.form()
    reply = _text(form, "reply")
    if reply not in ("once", "always", "reject"):
        raise ReplyUnknown(f"It was {reply[:40]!r}.")
    message = _text(form, "message").strip() if reply == "reject" else ""
    await hub.inbox_desk.answer_permission(request.path_params["id"], reply, message, by(request))
    return reply


async def question(request: Request) -> str:
    """Take `q0` … the options chosen and `own0` … own words, or `reply` dismiss; returns what was done.

    Where one answer may be given, own words are it, whatever is chosen beside them: nothing that was written is lost,
    and OpenCode 1.18.33 would tell the agent both.
    """
    hub: Hub = request.state.hub
    form = await request.form()
    answers: list[list[str]] | None = None
    if _text(form, "reply") != "dismiss":
        row = hub.inbox_desk.get(request.path_params["id"])
        asked = row.request.questions if row is not None and isinstance(row.request, Question) else ()
        answers = []
        for index, one in enumerate(asked):
            chosen = [value for value in form.getlist(f"q{index}") if isinstance(value, str)]
            own = _text(form, f"own{index}").strip()
            if not one.get("multiple"):
                if len(chosen) > 1:
                    raise ReplyUnknown(f"Question {index + 1} takes one answer.")
                chosen = [] if own else chosen
            answers.append([*chosen, own] if own else chosen)
        if asked and not any(answers):
            raise ReplyUnknown("Nothing was chosen and nothing was written.")
    await hub.inbox_desk.answer_question(request.path_params["id"], answers, by(request))
    return "dismissed" if answers is None else "answered"

# SPDX-License-Identifier: MIT
"""/servers/{id}/sessions/{sid}/messages: what was said, and saying something."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header

from opencode_nexus.chat.written import Written
from opencode_nexus.opencode import state
from opencode_nexus.web.api.deps import Before, HubDep, Limit, WhoDep
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.message import Accepted, Message, MessageError, NewMessage, Part

router = APIRouter(prefix="/servers/{server_id}/sessions/{session_id}/messages", tags=["messages"])

_WITH_TEXT = {"text", "reasoning"}


def part_of(part: state.Part) -> Part:
    """Return a part as the API tells it: its text once, a tool's input and output beside it."""
    told = Part(
        id=part.id,
        type=part.kind,
        text=part.text if part.kind in _WITH_TEXT else None,
        state="interrupted" if part.interrupted else "closed" if part.closed else "open",
        gaps=part.gaps,
    )
    if part.kind == "tool":
        run = part.data.get("state") or {}
        told.tool = part.data.get("tool")
        told.input = run.get("input")
        told.output = run.get("output")
        told.error = run.get("error")
        if not part.interrupted:
            told.state = run.get("status")
    if part.kind == "file":
        told.filename, told.mime = part.data.get("filename"), part.data.get("mime")
    return told


def error_of(error: dict[str, Any] | None) -> MessageError | None:
    """Return an error in OpenCode's shape, `{name, data: {message}}`, as the API tells it."""
    if error is None:
        return None
    name = str(error.get("name") or "UnknownError")
    data = error.get("data")
    message = (data.get("message") if isinstance(data, dict) else None) or error.get("message")
    return MessageError(name=name, message=str(message or name))


def _state(message: state.Message) -> Literal["running", "done", "failed", "interrupted"]:
    if message.error is not None:
        return "failed"
    if message.interrupted:
        return "interrupted"
    return "running" if message.role == "assistant" and message.completed is None else "done"


def _model(info: dict[str, Any]) -> str | None:
    # OpenCode 1.18.33 gives it flat in an assistant's message and as an object in a user's
    model = info.get("model")
    found = model if isinstance(model, dict) else info
    provider, name = found.get("providerID"), found.get("modelID")
    return f"{provider}/{name}" if provider and name else None


def message_of(message: state.Message) -> Message:
    """Return a message as the API tells it."""
    return Message(
        id=message.id,
        role="user" if message.role == "user" else "assistant",
        state=_state(message),
        created=message.created,
        completed=message.completed,
        model=_model(message.info),
        agent=message.info.get("agent") or message.info.get("mode"),
        error=error_of(message.error),
        parts=[part_of(part) for part in message.parts.values()],
    )


@router.get("")
async def list_messages(
    hub: HubDep, server_id: str, session_id: str, limit: Limit = 50, before: Before = None
) -> Items[Message]:
    """Show the newest messages, newest last; `next` as `before` gives the ones before them.

    What was accepted and OpenCode did not take (it was killed in that moment) comes last, as `failed` with the error
    `NotTaken`, beyond `limit`: send it again.
    """
    hub.fleet.get(server_id)
    messages, older = await hub.chat.messages(server_id, session_id, limit, before)
    return Items(items=[message_of(message) for message in messages], next=older)


@router.post("", status_code=202)
async def send_message(
    hub: HubDep,
    who: WhoDep,
    server_id: str,
    session_id: str,
    new: NewMessage,
    idempotency_key: Annotated[str, Header(max_length=200, description="The same one again sends nothing twice.")] = "",
) -> Accepted:
    """Say something to the agent. The answer grows in the session's messages.

    With an `Idempotency-Key`, which you make anew for each message, it can be sent again whenever no answer came: for
    7 days it is taken once, whatever was killed in between. The same key with other words is a conflict.
    """
    hub.fleet.get(server_id)
    files = hub.composer.attachments.mine(who.user_id, session_id, new.files) if new.files else ()
    written = Written(new.text, new.model, new.agent, new.variant, files)
    taken = await hub.composer.submit(who.user_id, server_id, session_id, written, idempotency_key, typed=new.typed)
    return Accepted(queued=taken == "queued")

# SPDX-License-Identifier: MIT
"""/events: what happened (the timeline), and what happens, as it happens; that resumes from `Last-Event-ID`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from opencode_nexus.access.who import Who
from opencode_nexus.core.bus import Record
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.core.kinds import group_of, words_of
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.tunnels.status import TunnelInfo
from opencode_nexus.web.api.deps import Before, HubDep, Limit, WhoDep
from opencode_nexus.web.api.models.event import Event, EventGroup
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.status import EventTopics
from opencode_nexus.web.api.servers import server_of
from opencode_nexus.web.api.tunnels import tunnel_of
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.events_view import Wanted, cursor_of, find
from opencode_nexus.web.ports import ActivityLine

router = APIRouter(prefix="/events", tags=["events"])

TOPICS = ("server", "session", "inbox", "tunnel", "activity", "alert")
BEAT = 15.0  # seconds; shorter than the 100 s after which a Cloudflare tunnel cuts a silent answer


class TopicUnknown(BadRequest):
    """An event topic that does not exist."""

    code = "topic-unknown"
    title = "There is no such event topic."
    hint = f"Topics are {', '.join(TOPICS)}; none given means all of them."


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


ONE = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["id", "event", "data"],
}  # the library would call the whole stream a string


def event_of(line: ActivityLine) -> Event:
    """Return a line of the timeline as the API tells it."""
    about = {name: str(line.data[name]) if line.data.get(name) else None for name in ("tunnel_id", "session_id")}
    return Event(
        id=line.id, at=line.at, kind=line.kind, group=group_of(line.kind), level=line.level, words=words_of(line.kind),
        text=line.text, server_id=line.server_id, **about,
    )  # fmt: skip


@router.get("")
async def list_events(
    hub: HubDep,
    text: Annotated[str, Query(max_length=200, description="Text that the line holds.")] = "",
    level: Annotated[str, Query(description="This level, or worse: info, warning, error.")] = "",
    kind: Annotated[EventGroup | None, Query(description="Leave out all others.")] = None,
    server: Annotated[str, Query(max_length=64, description="Id of a server or tunnel.")] = "",
    limit: Limit = 100,
    before: Before = None,
) -> Items[Event]:
    """List what happened, the newest first; it is kept for 30 days."""
    found, following = find(hub, Wanted(text.strip(), level, kind or "", server), limit, cursor_of(before))
    return Items(items=[event_of(line) for line in found], next=None if following is None else str(following))


@router.post("", response_class=EventStream, responses={200: {"content": {EventStream.media_type: {"schema": ONE}}}})
async def follow_events(
    request: Request,
    hub: HubDep,
    who: WhoDep,
    wanted: EventTopics | None = None,
    last_event_id: Annotated[str, Header(description="`id` of the last event seen.")] = "",
) -> EventStream:
    """Follow what happens. Each event has an `id`, an `event` name and JSON `data`.

    The first is `hello` with `resumed`: true when it goes on right after `Last-Event-ID`; else events may be
    missing, so read the lists anew. Then come the topics, `heartbeat` when nothing happens, and `bye` with
    a `reason` at the end.
    """
    topics = frozenset(wanted.topics if wanted and wanted.topics else TOPICS)
    if unknown := sorted(topics - set(TOPICS)):
        raise TopicUnknown(f"It was asked for {', '.join(unknown)}.")

    def farewell() -> None:
        request.state.farewell = True

    lines = stream(hub, who, topics, last_event_id, farewell)
    return EventStream(lines, headers={"x-accel-buffering": "no"})


async def stream(
    hub: Hub, who: Who, topics: frozenset[str], last_event_id: str, farewell: Callable[[], None]
) -> AsyncIterator[bytes]:
    """Yield events as server-sent events; each piece is everything since the one before.

    Calls `farewell` before the goodbye to one who was signed out, so that it is let through.
    """
    bus, now = hub.bus, asyncio.get_running_loop().time
    resumed, seq = _start(hub, last_event_id)
    closing = asyncio.ensure_future(hub.closing.wait())
    news: asyncio.Future[None] | None = None
    said = now()
    try:
        yield _hello(hub, seq, resumed, topics)
        while True:
            if not hub.access.holds(who):
                farewell()
                yield _event(hub, seq, "bye", {"reason": "signed-out"})
                return
            records = bus.since(seq)
            if records is None:  # a reader too slow for the ring
                seq = bus.seq
                yield _hello(hub, seq, False, topics)
                continue
            seq = records[-1].seq if records else seq
            if piece := b"".join(_told(hub, record) for record in records if record.topic in topics):
                said = now()
                yield piece
                continue
            if hub.closing.is_set():
                yield _event(hub, seq, "bye", {"reason": "stopping"})
                return
            if now() >= said + BEAT:  # other topics' news are silence, too
                said = now()
                yield _event(hub, seq, "heartbeat", {"at": hub.clock.now()})
                continue
            news = asyncio.ensure_future(bus.wait(seq))
            left = said + BEAT - now()
            await asyncio.wait({news, closing}, timeout=max(0, left), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
    finally:
        closing.cancel()
        if news is not None:
            news.cancel()


def _hello(hub: Hub, seq: int, resumed: bool, topics: frozenset[str]) -> bytes:
    return _event(hub, seq, "hello", {"boot": hub.bus.boot, "resumed": resumed, "topics": sorted(topics)})


def _start(hub: Hub, last_event_id: str) -> tuple[bool, int]:
    """Return whether the reader can go on where it was, and after which record it begins."""
    boot, _, number = last_event_id.partition(".")
    if boot == hub.bus.boot and number.isdecimal() and hub.bus.since(int(number)) is not None:
        return True, int(number)
    return False, hub.bus.seq


def _told(hub: Hub, record: Record) -> bytes:
    data = record.data
    if isinstance(data, ServerState):
        data = server_of(hub, data).model_dump()
    elif isinstance(data, TunnelInfo):
        data = tunnel_of(hub, data).model_dump()
    elif is_dataclass(data) and not isinstance(data, type):
        data = asdict(data)
    return _event(hub, record.seq, record.topic, {"at": record.at, "data": data})


def _event(hub: Hub, seq: int, name: str, data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return f"id: {hub.bus.boot}.{seq}\nevent: {name}\ndata: {text}\n\n".encode()

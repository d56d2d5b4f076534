# SPDX-License-Identifier: MIT
"""/logs: what hub, servers and tunnels wrote; searched, followed, and as one file."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from opencode_nexus.access.who import Who
from opencode_nexus.observe.log_entry import Entry
from opencode_nexus.observe.log_feed import LogFeed
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.logs import MEGABYTE
from opencode_nexus.web.api.deps import Before, HubDep, WhoDep
from opencode_nexus.web.api.events import BEAT, ONE, EventStream
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.log import CrashReport, LogEntry, LogFileInfo, LogFilesInfo, LogTail
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.logs import bundled, find_crash

router = APIRouter(prefix="/logs", tags=["logs"])

WAITING = 2000  # entries that may wait for a slow reader; older ones are left out


def entry_of(entry: Entry) -> LogEntry:
    """Return an entry as the API tells it."""
    return LogEntry(
        at=entry.epoch, level=entry.level, part=entry.part, server=entry.about, message=entry.message,
        where=entry.where, trace=entry.trace,
    )  # fmt: skip


@router.get("")
async def list_logs(
    hub: HubDep,
    text: Annotated[str, Query(max_length=200, description="Text that the message or traceback holds.")] = "",
    level: Annotated[str, Query(description="This level, or worse: debug, info, warning, error.")] = "",
    part: Annotated[str, Query(description="Part of the hub, or `server` or `tunnel`: what those wrote.")] = "",
    server: Annotated[str, Query(max_length=64, description="Id of a server or tunnel.")] = "",
    since: Annotated[float | None, Query(description="Epoch seconds.")] = None,
    until: Annotated[float | None, Query(description="Epoch seconds.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most items in one answer.")] = 100,
    before: Before = None,
) -> Items[LogEntry]:
    """Search the log files, the rotated ones as well. First comes the hub's own log, the newest entry first; with a
    text, a server or the part `server` or `tunnel` then the output of each, its newest line first.
    """
    found = await hub.logs.find(LogQuery(text, level, part, server, since, until), limit, before)
    return Items(items=[entry_of(entry) for entry in found.entries], next=found.next)


@router.get("/files")
async def list_log_files(hub: HubDep) -> LogFilesInfo:
    """List the log files, and how much they take together of what they may."""
    files = await asyncio.to_thread(hub.logs.files.all)
    return LogFilesInfo(
        items=[
            LogFileInfo(name=file.name, source=file.source, server=file.about, size=file.size, changed=file.changed)
            for file in files
        ],
        total=sum(file.size for file in files),
        cap=hub.settings.log_size * MEGABYTE,
        days=hub.settings.log_days,
    )


@router.get("/bundle", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
async def download_logs(hub: HubDep) -> Response:
    """Download all log files as one .zip; secrets are replaced by dots."""
    return bundled(hub.logs.files)


@router.get("/crashes")
async def list_crashes(hub: HubDep) -> Items[CrashReport]:
    """List the crash reports, the newest first."""
    files = await asyncio.to_thread(hub.logs.files.crashes)
    found = [await find_crash(hub, file.path.stem) for file in reversed(files)]
    return Items(items=[CrashReport(name=f.path.stem, at=f.changed, text=text) for f, text in found], next=None)


@router.post(
    "/tail", response_class=EventStream, responses={200: {"content": {EventStream.media_type: {"schema": ONE}}}}
)
async def follow_logs(request: Request, hub: HubDep, who: WhoDep, wanted: LogTail | None = None) -> EventStream:
    """Follow the logs. Each event `entry` has one as JSON `data`; `heartbeat` when nothing comes, `bye` at the end with
    a `reason`.
    """
    asked = wanted or LogTail()
    query = LogQuery(asked.text, asked.level, asked.part, asked.server).checked()

    def farewell() -> None:
        request.state.farewell = True

    return EventStream(stream(hub, who, query, asked.lines, farewell), headers={"x-accel-buffering": "no"})


async def stream(hub: Hub, who: Who, query: LogQuery, lines: int, farewell: Callable[[], None]) -> AsyncIterator[bytes]:
    """Yield entries as server-sent events: the newest `lines` that are there, then each as it comes."""
    waiting: list[Entry] = []
    news = asyncio.Event()

    def hear(fresh: Sequence[Entry]) -> None:
        waiting.extend(fresh)
        del waiting[:-WAITING]
        news.set()

    feed = LogFeed(hub.logs, query, hear)
    closing = asyncio.ensure_future(hub.closing.wait())
    closing.add_done_callback(lambda _: news.set())
    try:
        found = await feed.start(max(1, lines))
        if first := b"".join(map(_told, reversed(found.entries[:lines]))):
            yield first
        while True:
            try:
                async with asyncio.timeout(BEAT):
                    await news.wait()
            except TimeoutError:
                yield _event("heartbeat", {"at": hub.clock.now()})
            news.clear()
            if not hub.access.holds(who):
                farewell()
                yield _event("bye", {"reason": "signed-out"})
                return
            fresh, waiting[:] = waiting[:], []
            if fresh:
                yield b"".join(map(_told, fresh))
            if hub.closing.is_set():
                yield _event("bye", {"reason": "stopping"})
                return
    finally:
        feed.stop()
        closing.cancel()


def _told(entry: Entry) -> bytes:
    return _event("entry", entry_of(entry).model_dump())


def _event(name: str, data: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()

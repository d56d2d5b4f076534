# SPDX-License-Identifier: MIT
"""The event stream of a whole server, for as long as it lasts."""

import logging
from collections.abc import AsyncGenerator

import httpx2

from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.errors import FeedLost, NotAnEvent, OpenCodeRefused, WrongRoute
from opencode_nexus.opencode.events import Event, Unreadable
from opencode_nexus.opencode.sse import Splitter

log = logging.getLogger(__name__)

# A heartbeat comes every 10.0 s, so two that fail to come mean that nobody is there any more.
SILENCE = 25.0


async def events(client: Client, silence: float = SILENCE) -> AsyncGenerator[list[tuple[str, Event]], None]:
    """Yield what came since the last time, as (directory, event), until the stream is lost.

    One item holds all events of one read, so that a burst is handled at once. An event that cannot be read
    or is too large becomes Unreadable. Raises FeedLost when the stream ends, breaks or is silent for
    `silence` seconds; also OpenCodeRefused and WrongRoute. Nothing is replayed: a new stream has a gap.
    """
    splitter = Splitter()
    timeout = httpx2.Timeout(silence, connect=client.connect)
    try:
        async with client.http.stream("GET", "/global/event", timeout=timeout) as answer:
            if answer.status_code == 401:
                raise OpenCodeRefused
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise WrongRoute(f"GET /global/event: {answer.status_code}")
            async for chunk in answer.aiter_raw():
                batch = [found for body in splitter.feed(chunk) if (found := _read(body)) is not None]
                if splitter.dropped:
                    log.warning("an event of more than %d MiB was passed over", splitter.limit >> 20)
                    splitter.dropped = 0
                    batch.append(("", Unreadable()))
                if batch:
                    yield batch
    except httpx2.ReadTimeout as error:
        raise FeedLost(f"Nothing came for {silence:g} s.") from error
    except httpx2.TransportError as error:
        raise FeedLost(str(error) or type(error).__name__) from error
    raise FeedLost("OpenCode ended it.")


def _read(body: bytes) -> tuple[str, Event] | None:
    try:
        return decode(body)
    except NotAnEvent as error:
        log.warning("%s", error)
        return "", Unreadable()

# SPDX-License-Identifier: MIT
"""The event stream of a whole server, for as long as it lasts."""

from collections.abc import AsyncIterator

import httpx2

from opencode_nexus.opencode.api import CONNECT, Client
from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.errors import FeedLost, OpenCodeRefused, WrongRoute
from opencode_nexus.opencode.events import Event
from opencode_nexus.opencode.sse import Splitter

# A heartbeat comes every 10.0 s, so two that fail to come mean that nobody is there any more.
SILENCE = 25.0


async def events(client: Client, silence: float = SILENCE) -> AsyncIterator[list[tuple[str, Event]]]:
    """Yield what came since the last time, as (directory, event), until the stream is lost.

    One item holds all events of one read, so that a burst is handled at once. Raises FeedLost when the
    stream ends, breaks, is silent for `silence` seconds or holds an event that is too large; also
    OpenCodeRefused, WrongRoute and NotAnEvent. Nothing is replayed: whoever connects again has a gap.
    """
    splitter = Splitter()
    timeout = httpx2.Timeout(silence, connect=CONNECT)
    try:
        async with client.http.stream("GET", "/global/event", timeout=timeout) as answer:
            if answer.status_code == 401:
                raise OpenCodeRefused
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise WrongRoute(f"GET /global/event: {answer.status_code}")
            async for chunk in answer.aiter_raw():
                batch = [found for body in splitter.feed(chunk) if (found := decode(body)) is not None]
                if batch:
                    yield batch
                if splitter.dropped:
                    raise FeedLost(f"An event was larger than {splitter.limit >> 20} MiB.")
    except httpx2.ReadTimeout as error:
        raise FeedLost(f"Nothing came for {silence:g} s.") from error
    except httpx2.TransportError as error:
        raise FeedLost(str(error) or type(error).__name__) from error
    raise FeedLost("OpenCode ended it.")

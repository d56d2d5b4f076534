# SPDX-License-Identifier: MIT
"""What is before and after a message, over pages that go backwards only, however the messages lie in time."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_nexus.chat.neighbours import newer, older, one
from opencode_nexus.opencode.state import Message

pytestmark = pytest.mark.anyio


class Session:
    """Messages at these times (ms), asked for as OpenCode is; `asked` counts."""

    def __init__(self, times: list[int]) -> None:
        self.times = sorted(times)
        self.messages = [Message(f"msg_{number:06d}", "user", time / 1000) for number, time in enumerate(self.times)]
        self.asked = 0

    async def ask(self, limit: int, cursor: str) -> tuple[list[Message], str | None]:
        self.asked += 1
        told = json.loads(base64.urlsafe_b64decode(cursor + "=="))
        mark = (told["time"], told["id"])
        pairs = zip(self.times, self.messages, strict=True)
        found = [item for time, item in pairs if (time, item.id) < mark]
        return found[-limit:], "more" if len(found) > limit else None


GAPS = st.sampled_from([0, 0, 1, 800, 2000, 60_000, 86_400_000])


@settings(max_examples=120, deadline=None)
@given(st.lists(GAPS, min_size=1, max_size=250), st.integers(0, 1 << 30), st.integers(1, 20))
async def test_all_that_is_around_a_message(gaps: list[int], pick: int, limit: int) -> None:
    times, at = [], 1_700_000_000_000
    for gap in gaps:
        at += gap
        times.append(at)
    session, number = Session(times), pick % len(times)
    sought = session.messages[number]
    found, more = await newer(session.ask, sought.id, times[number], limit)
    after = session.messages[number + 1 :]
    assert found == after[:limit]
    assert more or len(after) <= limit, "what it says to be the end is the end"
    assert session.asked < 60
    assert await older(session.ask, sought.id, times[number], limit) == (
        session.messages[max(0, number - limit) : number],
        number > limit,
    )


async def test_a_long_session_costs_as_a_short_one() -> None:
    session = Session([1_700_000_000_000 + number * 2000 for number in range(10_000)])
    sought = session.messages[5000]
    found, more = await newer(session.ask, sought.id, session.times[5000], 15)
    assert (found, more) == (session.messages[5001:5016], True)
    assert session.asked <= 4
    assert await one(session.ask, sought.id, session.times[5000]) is sought
    assert await one(session.ask, "msg_gone", session.times[5000]) is None

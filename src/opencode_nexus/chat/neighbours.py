# SPDX-License-Identifier: MIT
"""What was said before and after a message, however old it is and however long the session.

OpenCode 1.18.33 pages backwards only: its cursor is a time and an id, and a page ends right before it. What comes
after a message is found by asking for pages that end ever later, and then between the last two, until one holds the
message and enough behind it: mostly 2 to 8 questions of 6 ms, whether the session has 30 messages or 10,000.
"""

from collections.abc import Awaitable, Callable

from opencode_nexus.opencode.api import cursor_before
from opencode_nexus.opencode.state import Message

# A page of `limit` messages that ends right before a cursor, oldest first, and the cursor of the page before it.
Ask = Callable[[int, str], Awaitable[tuple[list[Message], str | None]]]

LAST = "msg_~"  # sorts behind every id of OpenCode's
EVER = 10**15 - 1  # ms; later than every message
STEP = 60_000  # ms; the first end that is tried, when the newest page does not hold the message
LARGEST = 1000  # messages asked for at once, where more than a page of them was made in one millisecond


async def older(ask: Ask, message_id: str, created: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages before one, oldest first, and whether there are more before those.

    `created` is the message's time in milliseconds. Raises what `ask` raises.
    """
    messages, more = await ask(limit, cursor_before(message_id, created))
    return messages, more is not None


async def one(ask: Ask, message_id: str, created: int) -> Message | None:
    """Return a message, None when it is not there."""
    messages, _ = await ask(1, cursor_before(message_id + "~", created))
    return next((item for item in messages if item.id == message_id), None)


async def newer(ask: Ask, message_id: str, created: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` messages after one that is there, oldest first, and whether more may come after those."""
    size, low, high, end, step = limit * 2 + 1, created, EVER, EVER, STEP
    best: list[Message] = []
    while True:
        page, _ = await ask(size, cursor_before(LAST, end))
        after = _behind(page, message_id)
        if after is None:
            high = end
        elif len(after) >= limit or end == EVER or size == LARGEST:
            return after[:limit], len(after) > limit or end != EVER
        else:
            low, step, best = end, step * 8, after
        if size == LARGEST:
            return best, True
        if high - low > 1:
            end = low + step if low + step < high else (low + high) // 2
        else:  # more than a page of them was made within this millisecond
            end, size = high, LARGEST


def _behind(page: list[Message], message_id: str) -> list[Message] | None:
    """The messages of a page behind one of them; None when it is not on it."""
    for number, item in enumerate(page):
        if item.id == message_id:
            return page[number + 1 :]
    return None

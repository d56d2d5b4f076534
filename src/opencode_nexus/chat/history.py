# SPDX-License-Identifier: MIT
"""A page of what was said in a session, as it is now."""

from collections.abc import Callable

from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.transcript import as_message, transcript
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.state import Message, Status
from opencode_nexus.opencode.wire import TEXT_KINDS
from opencode_nexus.store.journal import Journal

RACES = 3  # times that a page is read again when a part was closed in between


async def page(
    client: Client,
    journal: Journal,
    outbox: Outbox,
    session_id: str,
    limit: int,
    before: str | None,
    *,
    status: Callable[[str], Status],
) -> tuple[list[Message], str | None]:
    """Messages, oldest first, and the cursor of the page before. The newest page (`before` is None) ends with those
    that OpenCode did not take. Raises UnknownToOpenCode or an OpenCodeError.
    """
    for _ in range(RACES):
        raw, older = await client.messages(session_id, limit, before)
        kept = dict(await journal.interrupted(session_id))
        kept |= {part.id: part for part in journal.open_parts(session_id=session_id)}
        busy = before is None and status(session_id).kind != "idle"
        messages = transcript(raw, kept, busy=busy)
        # A part that was open when asked for, and closed since, has its text in neither answer.
        if all(p.closed or p.id in kept or p.kind not in TEXT_KINDS for m in messages for p in m.parts.values()):
            break
    if before is None:
        parts = {part_id for message in messages for part_id in message.parts}
        messages += [as_message(one) for one in outbox.untaken(session_id, parts)]
    return messages, older

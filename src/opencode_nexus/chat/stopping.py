# SPDX-License-Identifier: MIT
"""Stop: end a session's turn and its sub-agents', and make sure of it."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Protocol

from opencode_nexus.chat.inbox.waiting import Entry
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeError, UnknownToOpenCode

TRIES = 5
# An abort hits the sub-agent first; its parent takes that for a failed tool and may say another step
# before it ends, 0.25 s later (OpenCode 1.18.33). So with sub-agents, idle must be seen twice.
SETTLE = 0.4


@dataclass(frozen=True, slots=True)
class AbortResult:
    """What a stop did. `stopped`: nothing of it runs any more. `sessions`: those that were running."""

    stopped: bool
    sessions: tuple[str, ...] = ()
    withdrawn: int = 0  # permissions and questions that nobody waits for any more


class Family(Protocol):
    """A session and its descendants, as far as they run or wait."""

    def running(self, session_id: str) -> set[str]:
        """Those of them that run, as last heard."""
        ...

    def expected(self, session_id: str) -> bool:
        """Whether a message was sent that OpenCode has not begun to answer, as far as is known."""
        ...

    def asking(self, session_id: str) -> list[Entry]:
        """What they wait for."""
        ...


async def stop(client: Client, family: Family, session_id: str, directory: str) -> AbortResult:
    """Abort a session and its descendants until none runs; raises what `Client.abort` raises."""
    running = family.running(session_id)
    asked = family.asking(session_id)
    sure = running <= {session_id} and not family.expected(session_id)
    busy, quiet = set(running), 0
    for _ in range(TRIES):
        await client.abort(session_id)
        for child in busy - {session_id}:
            with contextlib.suppress(UnknownToOpenCode):
                await client.abort(child)
        now = set(await client.statuses(directory))
        busy = (family.running(session_id) | running) & now
        quiet = 0 if busy else quiet + 1
        if quiet > 1 or (quiet and sure):
            break
        await asyncio.sleep(SETTLE)
        busy |= family.running(session_id)
    for entry in asked:
        # An abort leaves them in OpenCode's list for good (1.18.33); turned down, they go.
        with contextlib.suppress(OpenCodeError, UnknownToOpenCode):
            await _withdraw(client, entry)
    return AbortResult(not busy, tuple(sorted(running)), len(asked))


async def _withdraw(client: Client, entry: Entry) -> None:
    if entry.request.id.startswith("que"):
        await client.reply_question(entry.directory, entry.request.id, None)
    else:
        await client.reply_permission(entry.directory, entry.request.id, "reject", "")

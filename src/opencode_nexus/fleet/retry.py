# SPDX-License-Identifier: MIT
"""What follows a crash: it is counted, and the server is started again after a pause, or given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from opencode_nexus.fleet.advice import advice
from opencode_nexus.fleet.seen import Seen
from opencode_nexus.fleet.surroundings import Surroundings

log = logging.getLogger(__name__)


class Retry:
    """The next try to start one server; `start` is called when its pause is over."""

    def __init__(self, seen: Seen, around: Surroundings, start: Callable[[], Awaitable[None]]) -> None:
        self._seen, self._around, self._start = seen, around, start
        self._task: asyncio.Task[None] | None = None

    @property
    def due(self) -> bool:
        """Whether a try is planned."""
        return self._task is not None

    async def plan(self, reason: str, cause: str, lines: tuple[str, ...]) -> None:
        """Note the crash, for its `cause`, and when the server is started again; `reason` says it to people."""
        seen, back_off, store, clock = (
            self._seen,
            self._around.backoff,
            self._around.runs.store,
            self._around.runs.clock,
        )
        now, server_id = clock.now(), seen.row.id
        try:
            await store.crashed(server_id, now, cause)
            crashes = store.crashes(server_id, now - back_off.window)
        except Exception as error:  # a full disk, say: what cannot be counted must not be tried for ever
            log.exception("the crash of %s could not be noted", server_id)
            seen.become("failed", f"{reason} It is not started again, because that could not be noted: {error}.", lines)
            return
        pause = back_off.pause(crashes, now)
        if pause is None:
            minutes = f"{back_off.window / 60:.0f}"
            reason = f"{reason} That was {len(crashes)} times within {minutes} minutes, so it is not started again."
            reason = f"{reason} {advice(cause, lines)}"
            seen.become("failed", reason, lines)
            seen.forget_restart()  # one that was to be made comes to nothing, at the next hub too
            await seen.note("server-given-up", seen.named(reason), "error")
            return
        seen.become("failed", reason, lines, retry_at=now + pause)
        self._task = self._around.tasks.spawn(self._after(pause), f"retry {server_id}")
        await seen.note("server-crashed", f"{seen.named(reason)} It is started again.", "warning")

    def cancel(self) -> None:
        """Try no more; what is being tried goes on."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task, self._seen.retry_at = None, None

    async def _after(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self._task = None
        await self._start()

# SPDX-License-Identifier: MIT
"""The self tests of one tunnel: when they are made, and what their results lead to.

A result never changes the tunnel's state, with one exception: when something was got without a login, it is closed.
"""

import asyncio
from collections.abc import Awaitable, Callable

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.tunnels.errors import RouteOpen
from opencode_nexus.tunnels.health import Finding
from opencode_nexus.tunnels.status import SelfTest

AGAIN = (15.0, 60.0, 300.0)  # seconds before another try when the address could not be reached: a new name's DNS lags

Test = Callable[[str], Awaitable[SelfTest]]


class Visits:
    """`test` visits an address, `tell` is called when there is news, `close` when the tunnel must be closed at once."""

    def __init__(
        self,
        test: Test | None,
        tasks: Tasks,
        clock: Clock,
        tell: Callable[[], None],
        close: Callable[[Finding], None],
    ) -> None:
        self._test, self._tasks, self._clock, self._tell, self._close = test, tasks, clock, tell, close
        self._visit: asyncio.Task[SelfTest] | None = None
        self._series: asyncio.Task[None] | None = None
        self.result: SelfTest | None = None

    @property
    def under_way(self) -> bool:
        """Whether a visit is being made."""
        return self._visit is not None

    def begin(self, url: str) -> None:
        """The tunnel has become ready at `url`: visit it, and again later when it could not be reached."""
        self.end()
        self._series = self._tasks.spawn(self._until_reached(url), f"self tests of {url}")

    def end(self) -> None:
        """The address is no more."""
        for task in (self._series, self._visit):
            if task is not None:
                task.cancel()
        self._series = self._visit = self.result = None

    async def visit(self, url: str | None) -> SelfTest:
        """Visit `url` now, or wait for the visit that is under way."""
        if self._test is None or url is None:
            return self._unknown("There is no public address yet.")
        if self._visit is None:
            self._visit = self._tasks.spawn(self._go(self._test, url), f"self test of {url}")
            self._tell()
        visit = self._visit
        await asyncio.wait({visit})  # which does not end it when whoever asked goes away
        return self._unknown("The tunnel was closed meanwhile.") if visit.cancelled() else visit.result()

    async def _go(self, test: Test, url: str) -> SelfTest:
        try:
            result = self.result = await test(url)
        finally:
            if self._visit is asyncio.current_task():
                self._visit = None
        self._tell()
        if result.verdict == "open":
            self._close(Finding("failed", "", RouteOpen(result.detail)))
        return result

    async def _until_reached(self, url: str) -> None:
        for pause in (0.0, *AGAIN):
            await asyncio.sleep(pause)
            if (await self.visit(url)).verdict != "not verified":
                return

    def _unknown(self, detail: str) -> SelfTest:
        return SelfTest(self._clock.now(), "not verified", (), detail=detail)

# SPDX-License-Identifier: MIT
"""The one job that brings a program: started, followed, waited for, cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Generic, TypeVar

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.errors import AlreadyBringing, Cancelled, InstallError
from opencode_nexus.install.progress import Meter, Progress, Stage

log = logging.getLogger(__name__)

T = TypeVar("T")
_SAY_EVERY = 0.25  # seconds between two progress records on the bus


class Job(Generic[T]):
    """Brings `what`, once at a time; bus topic `topic` carries its `Progress`."""

    def __init__(self, what: str, topic: str, *, bus: Bus, clock: Clock, tasks: Tasks) -> None:
        self.progress = Progress()
        self._what, self._topic = what, topic
        self._bus, self._clock, self._tasks = bus, clock, tasks
        self._task: asyncio.Task[T | NexusError] | None = None
        self._meter = Meter(clock)
        self._said = 0.0

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self, version: str, work: Callable[[], Awaitable[T]]) -> None:
        """Begin `work`, which brings `version`; raises AlreadyBringing."""
        if self.running:
            raise AlreadyBringing()
        self._meter = Meter(self._clock)
        self._publish(Progress(stage="looking", version=version, text="Looking where to get it."))
        self._task = self._tasks.spawn(self._run(version, work), f"bringing {self._what} {version}")

    async def wait(self) -> T:
        """Wait for the job and return what it brought; raises the error it ended with."""
        if self._task is None:
            raise InstallError("Nothing is being brought.")
        try:
            outcome = await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._task.cancelled():
                raise Cancelled("It was cancelled.") from None
            raise
        if isinstance(outcome, NexusError):
            raise outcome
        return outcome

    async def cancel(self) -> None:
        """End the job, if one runs, and return when it has cleaned up."""
        if self._task is not None and self.running:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, version: str, work: Callable[[], Awaitable[T]]) -> T | NexusError:
        """Run the job; what it fails with is its result, for `wait` and `progress`, not a fault of the
        program.
        """
        try:
            outcome = await work()
        except asyncio.CancelledError:
            self._publish(Progress(stage="cancelled", version=version, text="Cancelled. Nothing was installed."))
            raise
        except NexusError as error:
            return self._failed(version, error)
        except Exception as error:
            log.exception("bringing %s %s failed", self._what, version)
            return self._failed(version, InstallError(f"{type(error).__name__}: {error}"))
        self._publish(Progress(stage="done", version=version, text=f"{self._what} {version} is ready."))
        return outcome

    def _failed(self, version: str, error: NexusError) -> NexusError:
        log.warning("%s %s could not be brought: %s", self._what, version, error)
        self._publish(Progress(stage="failed", version=version, text=str(error), error=error.problem()))
        return error

    def say(self, stage: Stage, source: str, text: str) -> None:
        """Tell what is being done now."""
        if stage == "downloading":
            self._meter = Meter(self._clock)
        source = source or self.progress.source
        self._publish(replace(self.progress, stage=stage, source=source, text=text, rate=None, left=None))

    def report(self, done: int, total: int | None) -> None:
        """Tell how many bytes are here."""
        rate, left = self._meter.read(done, total)
        self.progress = replace(self.progress, done=done, total=total, rate=rate, left=left)
        if self._clock.monotonic() - self._said >= _SAY_EVERY:
            self._publish(self.progress)

    def _publish(self, progress: Progress) -> None:
        self._said = self._clock.monotonic()
        self.progress = progress
        self._bus.publish(self._topic, progress)

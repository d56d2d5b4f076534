# SPDX-License-Identifier: MIT
"""Wrong passwords: five from one source lock that source out, and strangers' failures slow strangers down.

A try is counted as a failure before its password is looked at, and taken back when it was right: so tries
sent together are counted one by one, and a try that the hub's end cut short still counts.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from opencode_nexus.access.errors import LoginBusy, LoginLocked
from opencode_nexus.access.rules import name_key
from opencode_nexus.core.clock import Clock
from opencode_nexus.store.lockouts import LockoutRow, Lockouts

FAILURES = 5
LOCK = 30 * 60.0  # seconds; also how long a failure is remembered
KNOWN = 90 * 86400.0  # seconds a source stays known after a good sign-in
FIRST_DELAY, LONGEST_DELAY = 0.5, 8.0  # seconds
WAITING_PER_SOURCE, WAITING_STRANGERS = 4, 64
KEEP_ROWS = 10_000
PRUNE_EVERY = 256  # tries


def account_of(name: str) -> bytes:
    """The key under which failures of a user name are counted, known or not."""
    return hashlib.sha256(name_key(name).encode("utf-8", "surrogatepass")).digest()


def delay(failures: int) -> float:
    """Seconds a stranger's try waits after so many failures around it: 0, then 0.5, 1, 2, 4 and at most 8."""
    if failures < FAILURES:
        return 0.0
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - FAILURES, 16))


def lock_left(row: LockoutRow, now: float) -> float:
    """Seconds that the lock still holds, 0 for none.

    A lock that ends later than it could have been set to is from before a jump of the clock, and void.
    """
    left = row.locked_until - now
    return left if 0 < left <= LOCK else 0.0


def counted(row: LockoutRow, now: float) -> LockoutRow:
    """The row after one more failure; unchanged while it is locked."""
    if lock_left(row, now) > 0:
        return row
    fresh = row.locked_until == 0 and 0 <= now - row.last_failure < LOCK
    failures = (row.failures if fresh else 0) + 1
    return replace(row, failures=failures, last_failure=now, locked_until=now + LOCK if failures >= FAILURES else 0.0)


def cleared(row: LockoutRow, now: float) -> LockoutRow:
    """The row after a good sign-in."""
    return LockoutRow(succeeded=now)


def is_known(row: LockoutRow, now: float) -> bool:
    """Whether this source signed in well lately."""
    return row.succeeded > 0 and now - row.succeeded < KNOWN


class Lockout:
    """Counts tries and makes them wait, over rows that outlive the hub."""

    def __init__(
        self, rows: Lockouts, clock: Clock, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._rows, self._clock, self._sleep = rows, clock, sleep
        self._waiting: Counter[str] = Counter()
        self._strangers = 0
        self._tries = 0

    @contextmanager
    def admitted(self, name: str, source: str) -> Iterator[bool]:
        """Holds one of the places for tries under way; gives whether the source is known at this account.

        Raises LoginBusy when this source, or strangers together, hold all of theirs. Known ones have places
        of their own, so that a crowd of strangers does not keep the owner out.
        """
        known = is_known(self._rows.get(account_of(name), source), self._clock.now())
        if self._waiting[source] >= WAITING_PER_SOURCE or (not known and self._strangers >= WAITING_STRANGERS):
            raise LoginBusy()
        self._waiting[source] += 1
        self._strangers += not known
        try:
            yield known
        finally:
            self._strangers -= not known
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]

    async def begin(self, name: str, source: str, known: bool) -> int:
        """Counts the try as a failure, then waits as long as it must; gives the tries left after this one.

        Raises LoginLocked, with `retry_after` in seconds, while the source is locked at this account.
        """
        account, now = account_of(name), self._clock.now()
        before, after = await self._rows.change(account, source, lambda row: counted(row, now))
        left = lock_left(before, now)
        if left > 0:
            raise locked(left)
        if not known:
            wait = delay(self._rows.failures_around(account, source, now - LOCK))
            if wait:
                await self._sleep(wait)
        self._tries += 1
        if self._tries % PRUNE_EVERY == 0:
            await self.prune()
        return FAILURES - after.failures

    async def succeeded(self, name: str, source: str) -> None:
        """Takes back the failures of this source at this account, and remembers it as known."""
        now = self._clock.now()
        await self._rows.change(account_of(name), source, lambda row: cleared(row, now))

    async def unlock(self, name: str) -> int:
        """Ends every lock at this account and forgets its failures; gives the number of sources freed."""
        return await self._rows.forget(account_of(name))

    def locked_sources(self, name: str) -> list[tuple[str, float]]:
        """The sources locked at this account: (source, until in epoch seconds)."""
        now = self._clock.now()
        return [(s, until) for s, until in self._rows.locked(account_of(name), now) if until - now <= LOCK]

    async def prune(self) -> None:
        """Drops what no longer matters."""
        now = self._clock.now()
        await self._rows.prune(now - LOCK, now - KNOWN, KEEP_ROWS)


def locked(left: float) -> LoginLocked:
    """The error for a lock that holds `left` seconds more."""
    minutes = max(1, -(-int(left) // 60))
    return LoginLocked(f"The lock ends in {minutes} minute{'s' * (minutes != 1)}.", retry_after=int(left) + 1)

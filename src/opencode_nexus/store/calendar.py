# SPDX-License-Identifier: MIT
"""The date, as far as it may be believed when something is deleted for its age."""

import json

from opencode_nexus.core.clock import Clock
from opencode_nexus.store.db import Database

KEY, DOUBT = "calendar", "calendar-doubt"
JUMP = 86_400.0  # seconds between what the clock shows and what it should; corrections and hours of sleep are shorter
CONFIRMED = 3 * 3600.0  # seconds that the hub must run by a clock that jumped before it is believed
NOTED = 3600.0  # seconds between two notes of the date
DOUBT_NOTED = 600.0  # seconds between two notes of how long the hub has run in doubt


class Calendar:
    """A wrong clock must not delete what a month took to gather: one that is years ahead makes all of it old at once.

    The date is doubted once the clock is a day off from where the last believed date and the time since then put it, be
    it ahead or behind, and also after a day or more without the hub. It is believed again when it is back there, or
    when the hub has run for three hours by the new one: in all, for one that is opened for an hour now and then would
    delete nothing ever. They begin anew when the clock is set back.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._believed: tuple[float, float] | None = None  # now, and the monotonic clock then
        self._doubt: tuple[float, float, float] | None = None  # the same at the last look, and seconds run in doubt
        self._noted = self._doubt_noted = 0.0

    def today(self) -> float | None:
        """Return the time (epoch seconds), None while it is doubted: then nothing is to be deleted for its age."""
        now, passed = self._clock.now(), self._clock.monotonic()
        if self._believed is None:
            self._noted = self._last(now)
            self._believed = (self._noted, passed)
            self._doubt = self._left(passed)
        if _off(self._believed, now, passed) > JUMP and not self._confirmed(now, passed):
            return None
        if self._doubt is not None:
            self._doubt = None
            self._db.post(lambda one: one.execute("DELETE FROM kv WHERE key = ?", (DOUBT,)))
        self._believed = (now, passed)
        if abs(now - self._noted) >= NOTED:
            self._noted = now
            self._keep(KEY, now)
        return now

    def _confirmed(self, now: float, passed: float) -> bool:
        """Tell whether the hub has run long enough by a clock that jumped."""
        last, before, ran = self._doubt or (now, passed, 0.0)
        ran = 0.0 if last - now > JUMP else ran + passed - before
        self._doubt = (now, passed, ran)
        if not 0 <= ran - self._doubt_noted < DOUBT_NOTED:
            self._doubt_noted = ran
            self._keep(DOUBT, [now, ran])
        return ran >= CONFIRMED

    def _last(self, now: float) -> float:
        """Return the date that was believed last; that of the newest line when none was noted yet."""
        row = self._db.one("SELECT value FROM kv WHERE key = ?", (KEY,))
        if row is None:
            row = self._db.one("SELECT at FROM activity ORDER BY id DESC LIMIT 1")
        return now if row is None else float(row[0])

    def _left(self, passed: float) -> tuple[float, float, float] | None:
        """Return the doubt that the last hub ended in."""
        row = self._db.one("SELECT value FROM kv WHERE key = ?", (DOUBT,))
        if row is None:
            return None
        last, ran = json.loads(row[0])
        self._doubt_noted = ran
        return last, passed, ran

    def _keep(self, key: str, value: object) -> None:
        text = json.dumps(value)
        self._db.post(lambda one: one.execute("INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)", (key, text)))


def _off(since: tuple[float, float], now: float, passed: float) -> float:
    """Return by how many seconds the clock is off from where the time since then puts it."""
    return abs((now - since[0]) - (passed - since[1]))

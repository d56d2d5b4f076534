# SPDX-License-Identifier: MIT
"""What was measured, kept: a row for each minute of a day and each quarter of an hour of thirty days."""

import math
import sqlite3
from dataclasses import astuple, dataclass

from opencode_nexus.core.clock import Clock
from opencode_nexus.store.calendar import Calendar
from opencode_nexus.store.db import Database

MINUTE, QUARTER = 60, 900  # seconds that one row stands for
KEPT = {MINUTE: 86_400, QUARTER: 30 * 86_400}  # seconds; with 12 servers at most 56,000 rows, about 4 MB
FIGURES = ("cpu", "memory", "files", "processes", "disk")


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of `subject` (a server's id, or "machine") in the `step` seconds that begin at `at` (epoch seconds).

    `cpu` in percent of one core (of all for the machine) is the mean; `memory` and `disk` (bytes), `files` and
    `processes` are the most that was seen. NaN: not known.
    """

    subject: str
    step: int
    at: int
    cpu: float = math.nan
    memory: float = math.nan
    files: float = math.nan
    processes: float = math.nan
    disk: float = math.nan


class Samples:
    """The table `samples`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._calendar = db, Calendar(db, clock)

    def keep(self, samples: list[Sample]) -> None:
        """Keep rows, all in one of the next transactions; one that is there already gives way."""
        # SQLite takes NaN for NULL
        rows = [astuple(sample) for sample in samples]
        self._db.post(lambda one: one.executemany("INSERT OR REPLACE INTO samples VALUES (?,?,?,?,?,?,?,?)", rows))

    def sum_up(self, since: float, until: float) -> None:
        """Make the quarters of an hour that ended in this time (epoch seconds) of their minutes, where there are any.

        A quarter is made once, so that one whose minutes are half gone by now stays what it was.
        """
        begin, end = math.floor(since / QUARTER) * QUARTER, math.floor(until / QUARTER) * QUARTER
        self._db.post(
            lambda one: one.execute(
                f"INSERT OR IGNORE INTO samples SELECT subject, {QUARTER}, at / {QUARTER} * {QUARTER}, avg(cpu),"
                " max(memory), max(files), max(processes), max(disk) FROM samples"
                f" WHERE step = {MINUTE} AND at >= ? AND at < ? GROUP BY 1, 3",
                (begin, end),
            )
        )

    def prune(self) -> None:
        """Drop what is older than is kept, and what a clock that was set back left in the future.

        As far as the clock may be believed.
        """
        if (now := self._calendar.today()) is None:
            return

        def work(connection: sqlite3.Connection) -> None:
            for step, kept in KEPT.items():
                connection.execute(
                    "DELETE FROM samples WHERE step = ? AND (at < ? OR at > ?)", (step, now - kept, now + step)
                )

        self._db.post(work)

    def of(self, subject: str, step: int, since: float, until: float) -> list[Sample]:
        """Return the rows of a subject, oldest first: a quick read of at most 2,880 rows."""
        rows = self._db.read(
            "SELECT * FROM samples WHERE step = ? AND subject = ? AND at >= ? AND at < ? ORDER BY at",
            (step, subject, math.floor(since), math.ceil(until)),
        )
        return [_sample(row) for row in rows]


def _sample(row: sqlite3.Row) -> Sample:
    figures = (math.nan if row[name] is None else row[name] for name in FIGURES)
    return Sample(row["subject"], row["step"], row["at"], *figures)

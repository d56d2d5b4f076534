# SPDX-License-Identifier: MIT
"""Quiet hours: a span of the day, in the time zone of the one who wants quiet. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Quiet:
    """From minute `start` of the day until minute `end`, over midnight when `end` is the smaller one.

    `zone` is an IANA name; one that this machine does not know (Windows has no list of its own) means its own time.
    """

    start: int
    end: int
    zone: str

    def left(self, now: float) -> float:
        """Return the seconds until quiet ends, 0 when it is not quiet at `now` (epoch seconds)."""
        there = datetime.fromtimestamp(now, UTC).astimezone(zone_of(self.zone))
        minute = there.hour * 60 + there.minute
        since = (minute - self.start) % DAY
        span = (self.end - self.start) % DAY
        if since >= span:
            return 0.0
        return timedelta(minutes=span - since).total_seconds() - there.second


def zone_of(name: str) -> "ZoneInfo | None":
    """Return the time zone of an IANA name; None, which means the machine's own, when it is not known here."""
    from zoneinfo import ZoneInfo  # half a MB that only quiet hours need

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def minutes(text: str) -> int | None:
    """Return the minute of the day that "HH:MM" names; None when it names none."""
    hours, _, rest = text.partition(":")
    if not (hours.isdigit() and rest[:2].isdigit() and len(text) <= 8):
        return None
    found = int(hours) * 60 + int(rest[:2])
    return found if int(rest[:2]) < 60 and found < DAY else None


def clock(minute: int) -> str:
    """Return a minute of the day as "HH:MM"."""
    return f"{minute // 60:02}:{minute % 60:02}"

# SPDX-License-Identifier: MIT
"""Quiet hours in the time zone of the one who wants quiet."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.notify.quiet import DAY, Quiet, clock, minutes

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-01-10 21:59:59", 0),
        ("2026-01-10 22:00:00", 9 * 3600),
        ("2026-01-10 23:59:30", 7 * 3600 + 30),
        ("2026-01-11 06:59:00", 60),
        ("2026-01-11 07:00:00", 0),
        ("2026-07-11 22:00:00", 9 * 3600),  # summer time is the zone's business
    ],
)
def test_over_midnight(now: str, left: float) -> None:
    assert Quiet(22 * 60, 7 * 60, BERLIN).left(at(now)) == left


def test_the_zone_is_the_device_s() -> None:
    noon = at("2026-01-10 12:00:00", "UTC")
    assert Quiet(22 * 60, 7 * 60, "Asia/Tokyo").left(noon) == 0  # 21:00 there
    assert Quiet(22 * 60, 7 * 60, "Australia/Sydney").left(noon) == 8 * 3600  # 23:00 there


def test_a_zone_that_is_not_known_is_the_machine_s_own() -> None:
    now = datetime(2026, 1, 10, 12, 0).timestamp()
    assert Quiet(12 * 60, 13 * 60, "Nowhere/At/All").left(now) == 3600
    assert Quiet(12 * 60, 13 * 60, "../../etc/passwd").left(now) == 3600


@given(st.integers(0, DAY - 1), st.integers(0, DAY - 1), st.floats(0, 4e9))
def test_it_is_never_longer_than_its_span_and_ends_when_it_says(start: int, end: int, now: float) -> None:
    quiet = Quiet(start, end, "UTC")
    left = quiet.left(now)
    assert 0 <= left <= ((end - start) % DAY) * 60
    if left and start != end:
        assert quiet.left(now + left + 1) == 0


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("07:30", 450), ("23:59", 1439), ("23:59:00", 1439)])
def test_a_time_of_the_day(text: str, minute: int) -> None:
    assert minutes(text) == minute
    assert clock(minute) == text[:5]


@pytest.mark.parametrize("text", ["", "7", "24:00", "12:60", "a:b", "-1:00", "12:3x", "1" * 5000 + ":00"])
def test_what_is_no_time(text: str) -> None:
    assert minutes(text) is None

# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.processes.backoff import Backoff

NOW = 1_800_000_000.0


@pytest.mark.parametrize(("crashes", "pause"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, None), (9, None)])
def test_pauses_grow_until_it_gives_up(crashes: int, pause: float | None) -> None:
    assert Backoff().pause([NOW - i for i in range(crashes)], NOW) == pause


def test_a_pause_has_a_longest() -> None:
    assert Backoff(limit=100).pause([NOW] * 50, NOW) == 30.0


def test_only_the_last_ten_minutes_count() -> None:
    old = [NOW - 601, NOW - 602, NOW - 3600]
    assert Backoff().recent([*old, NOW - 599], NOW) == 1
    assert Backoff().pause([*old, NOW - 599, NOW], NOW) == 2.0


def test_a_clock_set_back_neither_forgives_nor_condemns() -> None:
    assert Backoff().recent([NOW + 60], NOW) == 1
    assert Backoff().recent([NOW + 7200], NOW) == 0

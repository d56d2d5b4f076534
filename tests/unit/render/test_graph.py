# SPDX-License-Identifier: MIT
"""render/graph.py: bars of the height that they stand for, and the same figures by the minute."""

import re

from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.render.graph import BARS, HEIGHT, Minute, minutes, traffic


def heights(markup: str, name: str) -> dict[int, int]:
    """The height of each bar of a series by its place."""
    found = re.search(rf'class="{name}" d="([^"]*)"', markup)
    assert found
    return {int(x) // 10: int(high) for x, high in re.findall(r"M(\d+) \d+v-(\d+)", found[1])}


def test_the_highest_bar_fills_the_drawing_and_the_newest_stands_on_the_right() -> None:
    markup = str(traffic([(0.0, 10, 0), (10.0, 5, 1), (20.0, 0, 0)]))
    assert heights(markup, "requests") == {BARS - 3: HEIGHT, BARS - 2: HEIGHT // 2}
    assert heights(markup, "faults") == {BARS - 2: HEIGHT // 10}
    assert 'aria-label="Requests of the last ten minutes: 15, of them 1 with an error."' in markup
    assert "style" not in markup


def test_one_request_among_thousands_can_still_be_seen() -> None:
    assert heights(str(traffic([(0.0, 5000, 0), (10.0, 1, 0)])), "requests")[BARS - 1] == 1


def test_nothing_is_an_empty_drawing() -> None:
    markup = str(traffic([]))
    assert heights(markup, "requests") == {}
    assert "Requests of the last ten minutes: 0, of them 0 with an error." in markup


def test_points_are_summed_by_the_minute_newest_first() -> None:
    assert minutes([(59.0, 1, 0), (60.0, 2, 1), (110.0, 3, 0)]) == [Minute(60.0, 5, 1), Minute(0.0, 1, 0)]


@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 1000), st.integers(0, 1000)), max_size=80))
def test_the_table_loses_nothing(points: list[tuple[float, int, int]]) -> None:
    rows = minutes(points)
    assert sum(row.requests for row in rows) == sum(point[1] for point in points)
    assert sum(row.errors for row in rows) == sum(point[2] for point in points)
    assert all(high <= HEIGHT for high in heights(str(traffic(points)), "requests").values())

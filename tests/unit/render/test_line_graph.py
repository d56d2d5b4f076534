# SPDX-License-Identifier: MIT
import re

from opencode_nexus.render.line_graph import HEIGHT, WIDTH, line_graph


def area(points: list[tuple[float, float]], **more: float) -> str:
    told = {"top": 100.0, "gap": 30.0, **more}
    found = re.search(r'class="requests" d="([^"]*)"', line_graph(points, 0, 600, "Words", **told))
    assert found is not None
    return found[1]


def test_an_area_is_drawn_to_scale() -> None:
    assert area([(0, 50), (10, 100), (20, 0)]) == f"M0 40L0 20L4 0L8 40H9V{HEIGHT}z"
    assert area([]) == ""


def test_where_nothing_was_measured_nothing_is_drawn() -> None:
    assert area([(0, 50), (20, 50), (300, 50)]).count("M") == 2
    assert area([(0, 50), (20, 50), (300, 50)], gap=300).count("M") == 1


def test_of_several_in_one_column_the_highest_counts_and_the_rest_is_left_out() -> None:
    assert area([(0, 10), (1, 90), (2, 20), (-5, 99), (700, 99)]) == "M0 40L0 4H1V40z"


def test_what_is_small_is_seen_and_what_is_too_high_is_cut() -> None:
    assert "L0 39.5" in area([(0, 0.001)]) and "L0 0H" in area([(0, 500)])


def test_a_limit_is_a_line_unless_it_is_above_all() -> None:
    drawn = line_graph([(0, 50)], 0, 600, "Words", top=100, gap=30, mark=75)
    assert f'class="faults" d="M0 10h{WIDTH}v1h-{WIDTH}z"' in drawn
    assert 'class="faults" d=""' in line_graph([(0, 50)], 0, 600, "Words", top=100, gap=30, mark=175)


def test_the_words_are_its_name_and_escaped_and_there_is_no_style() -> None:
    drawn = line_graph([(0, 50)], 0, 600, 'CPU of <"x">', top=100, gap=30)
    assert 'role="img" aria-label="CPU of &lt;&#34;x&#34;&gt;"' in drawn and "style" not in drawn

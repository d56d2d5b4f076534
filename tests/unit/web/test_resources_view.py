# SPDX-License-Identifier: MIT
from opencode_nexus.observe.history import Point, What
from opencode_nexus.web.pages.resources_view import NOW, PERIODS, rows


def test_the_table_says_what_the_graphs_show() -> None:
    points: dict[What, list[Point]] = {
        "cpu": [(600.0, 10.0), (610.0, 20.0), (660.0, 50.0)],
        "memory": [(600.0, 1e6), (610.0, 3e6)],
        "files": [(660.0, 7.0)],
        "processes": [],
        "disk": [],
    }
    found = rows(points, NOW)
    assert [(row.at, row.words) for row in found] == [
        (660.0, ("50 %", "not known", "7", "not known", "not known")),
        (600.0, ("15 %", "3.0 MB", "not known", "not known", "not known")),
    ]
    assert len(rows(points, PERIODS["day"])) == 1

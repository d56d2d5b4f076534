# SPDX-License-Identifier: MIT
"""Where the window was is where it comes up again, as long as that can be seen."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from opencode_nexus.desktop.place import LEAST_HEIGHT, LEAST_WIDTH, Place, load, save


@dataclass
class Screen:
    x: int = 0
    y: int = 0
    width: int = 1440
    height: int = 900


def test_it_is_kept(tmp_path: Path) -> None:
    save(tmp_path / "place.json", Place(900, 600, -20, 30))
    assert load(tmp_path / "place.json") == Place(900, 600, -20, 30)
    assert [path.name for path in tmp_path.iterdir()] == ["place.json"]


@pytest.mark.parametrize(
    "kept", ["", "[]", "null", "{", '{"width": 1}', '{"width": "x", "height": 2}', '{"width": 1e999, "height": 2}']
)
def test_a_file_that_says_nothing_is_the_first_size(tmp_path: Path, kept: str) -> None:
    (tmp_path / "place.json").write_text(kept)
    assert load(tmp_path / "place.json") == Place() == load(tmp_path / "none.json")


def test_half_a_place_is_none(tmp_path: Path) -> None:
    (tmp_path / "place.json").write_text('{"width": 800, "height": 600, "x": 5}')
    assert load(tmp_path / "place.json") == Place(800, 600)


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (Place(900, 600, 100, 50), Place(900, 600, 100, 50)),
        (Place(900, 600, -800, 50), Place(900, 600, -800, 50)),  # 100 pixels of it can still be taken hold of
        (Place(900, 600, -880, 50), Place(900, 600)),
        (Place(900, 600, 100, -5), Place(900, 600)),  # its title bar is above the screen
        (Place(900, 600, 100, 890), Place(900, 600)),
        (Place(900, 600, 1500, 50), Place(900, 600)),  # on a second screen that is gone
        (Place(5000, 4000, 0, 0), Place(1440, 900, 0, 0)),
        (Place(3, 4, 0, 0), Place(LEAST_WIDTH, LEAST_HEIGHT, 0, 0)),
    ],
)
def test_it_is_never_out_of_reach(kept: Place, shown: Place) -> None:
    assert kept.on([Screen()]) == shown


def test_a_second_screen_counts() -> None:
    there = Place(900, 600, 1500, 50)
    assert there.on([Screen(), Screen(x=1440)]) == there
    assert there.on([]) == there

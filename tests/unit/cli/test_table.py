# SPDX-License-Identifier: MIT
"""Rows as a table or as JSON."""

import json
from typing import Any

import pytest

from opencode_nexus.cli.table import show, span

ROWS: list[dict[str, Any]] = [
    {"name": "work", "pid": 12, "projects": ["/a", "/b"], "hidden": [1]},
    {"name": "x" * 300, "pid": None, "projects": [], "hidden": None},
]
COLUMNS = (("NAME", "name"), ("PID", "pid"), ("PROJECTS", lambda row: ", ".join(row["projects"])))


def test_json_gives_all_that_the_rows_hold(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, COLUMNS, as_json=True, empty="none")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_an_empty_list_is_a_sentence_or_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    show([], COLUMNS, as_json=False, empty="There is none.")
    show([], COLUMNS, as_json=True, empty="There is none.")
    assert capsys.readouterr().out == "There is none.\n[]\n"


def test_piped_rows_stay_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, COLUMNS, as_json=False, empty="none")
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "PID", "PROJECTS"]
    assert first.split() == ["work", "12", "/a,", "/b"]
    assert second.split() == ["x" * 300, "-", "-"]


def test_names_are_not_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"name": "[red]a[/red]"}], (("NAME", "name"),), as_json=False, empty="none")
    assert "[red]a[/red]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3_840, "1 h 4 min"),
        (90_000, "1 d 1 h"),
        (864_000, "10 d 0 h"),
    ],
)
def test_span(seconds: float | None, words: str) -> None:
    assert span(seconds) == words

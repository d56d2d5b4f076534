# SPDX-License-Identifier: MIT
"""What rose by more than a tenth must be explained."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import history


def entry(system: str = "linux-x86_64", explained: dict[str, str] | None = None, **figures: float) -> dict[str, Any]:
    whole = {**dict.fromkeys(history.HELD, 100.0), **figures}
    return {"system": system, "python": "3.11.7", "figures": whole, "explained": explained or {}}


def test_a_rise_fails_until_it_is_explained() -> None:
    before, after = entry(wheel_bytes=1000, start_floors=4.0), entry(wheel_bytes=1101, start_floors=4.4)
    (wrong,) = history.faults([before, after])
    assert wrong.startswith("wheel_bytes rose from 1000 to 1101 (+10%)")
    after["explained"] = {"wheel_bytes": "  "}
    assert history.faults([before, after])
    after["explained"] = {"wheel_bytes": "The docs are inside now."}
    assert history.faults([before, after]) == []


def test_only_the_same_system_is_compared() -> None:
    before, other = entry(wheel_bytes=1000), entry("darwin-arm64", wheel_bytes=5000)
    assert history.faults([]) == history.faults([before]) == history.faults([before, other]) == []
    assert history.faults([before, other, entry(wheel_bytes=1200)])


def test_a_rise_stays_a_fault_whatever_was_measured_after_it() -> None:
    before, risen = entry(wheel_bytes=1000), entry(wheel_bytes=1200)
    assert len(history.faults([before, risen, entry(wheel_bytes=1200)])) == 1
    assert len(history.faults([before, risen, entry("darwin-arm64")])) == 1


def test_a_figure_that_is_missing_is_a_fault() -> None:
    partly = entry()
    del partly["figures"]["archive_bytes"]
    assert history.faults([entry(), partly]) == ["archive_bytes is missing in an entry of linux-x86_64"]


def test_what_a_test_builds_is_compared_with_the_newest_entry() -> None:
    assert history.grown({"wheel_bytes": 1100}, entry(wheel_bytes=1000)) == {}
    assert list(history.grown({"wheel_bytes": 1101, "import_ms": 9e9}, entry(wheel_bytes=1000))) == ["wheel_bytes"]


def test_an_entry_is_added_to_those_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "HISTORY", tmp_path / "history.json")
    for size in (1000, 1050, 1300):
        history.record(lambda size=size: entry(wheel_bytes=size)["figures"], lambda: {"start_floors": 4.0})  # type: ignore[misc]
    kept = json.loads((tmp_path / "history.json").read_text())
    assert [each["figures"]["wheel_bytes"] for each in kept] == [1000, 1050, 1300]
    assert len(history.faults(kept)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["history.json"]

# SPDX-License-Identifier: MIT
"""A log that grows is read once, whole line by whole line, and kept in bounds."""

from pathlib import Path

from opencode_nexus.processes.follow import Follower


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_lines_come_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    follower = Follower(path)
    assert not follower.waiting() and follower.fresh() == []
    add(path, "one\ntwo\r\n\nhal")
    assert follower.waiting() and follower.fresh() == ["one", "two"]
    assert not follower.waiting() and follower.fresh() == []
    add(path, "f\nré")
    assert follower.fresh() == ["half"]
    assert follower.last() == ["ré"] and follower.last() == []


def test_what_was_there_before_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    add(path, "old\n")
    follower = Follower(path, 4)
    add(path, "new\n")
    assert follower.fresh() == ["new"]


def test_the_file_is_turned_over_and_read_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    follower = Follower(path)
    add(path, "a long line\nhal")
    assert follower.fresh(cap=10) == ["a long line"]
    assert path.read_text() == "" and (tmp_path / "log.1").read_text() == "a long line\nhal"
    add(path, "f\nnext\n")
    assert follower.fresh(cap=10) == ["half", "next"]


def test_a_file_that_somebody_cut_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    add(path, "something long\n")
    follower = Follower(path)
    follower.fresh()
    path.write_text("short\n")
    assert follower.waiting() and follower.fresh() == ["short"]

# SPDX-License-Identifier: MIT
from pathlib import Path

from opencode_nexus.processes.logfile import CHUNK, last_lines, size_of, turn


def test_the_last_lines_of_a_file(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert last_lines(log, 3) == []
    log.write_bytes(b"one\r\ntwo\n\nthree\nfo\xffur")
    assert last_lines(log, 3) == ["two", "three", "fo\ufffdur"]
    assert last_lines(log, 9) == ["one", "two", "three", "fo\ufffdur"]


def test_a_long_file_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {i} {'x' * 100}\n" for i in range(5000)))
    assert [line.split()[1] for line in last_lines(log, 1000)] == [str(i) for i in range(4000, 5000)]
    log.write_text("y" * (3 * CHUNK))
    assert last_lines(log, 2) == ["y" * (3 * CHUNK)]


def test_what_was_written_before_a_start_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old 1\nold 2\n")
    begun = size_of(log)
    with log.open("a") as file:
        file.write("new 1\nnew 2\n")
    assert last_lines(log, 10, begun) == ["new 1", "new 2"]
    assert last_lines(log, 1, begun) == ["new 2"]
    log.write_text("after a turn\n")
    assert last_lines(log, 10, begun + 100) == ["after a turn"]


def test_a_full_file_is_turned_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert turn(log) is False
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        assert turn(log, 100) is False
        writer.write(b"y")
        assert turn(log, 100) is True
        writer.write(b"z")
    assert log.read_bytes() == b"z"
    older = tmp_path / "a.log.1"
    assert older.read_bytes() == b"x" * 100 + b"y"
    assert older.stat().st_mode & 0o777 == 0o600


def test_of_a_flood_between_two_looks_the_end_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number:05}\n" for number in range(1000)))
    assert turn(log, 110, 0) is True
    assert log.read_bytes() == b""
    assert (tmp_path / "a.log.1").read_text() == "".join(f"line {number:05}\n" for number in range(991, 1000))

# SPDX-License-Identifier: MIT
"""What is logged stands in the file as JSON, on the terminal in words, and no secret in either."""

import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.core.settings import Settings
from opencode_nexus.observe import logs as module
from opencode_nexus.observe.log_entry import read, read_output, readable
from opencode_nexus.observe.logs import Logs
from opencode_nexus.secrets.redact import DOTS, Secret

SERVER = "srv_0mx0sdzdkttgjetknqtp"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logs(tmp_path: Path, settings: Settings, terminal: io.StringIO) -> Iterator[Logs]:
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "opencode_nexus")}
    made = Logs(tmp_path / "logs", terminal)
    made.begin(settings)
    yield made
    made.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    assert root.handlers != []


def written(logs: Logs) -> list[dict[str, Any]]:
    """Every entry of the file, once all are written."""
    logs.close()
    return [json.loads(line) for line in (logs.files.folder / "hub.log").read_text().splitlines()]


def test_an_entry_tells_part_level_server_and_where(logs: Logs, terminal: io.StringIO) -> None:
    logging.getLogger("opencode_nexus.fleet.server").warning("start of %s: late", SERVER)
    logging.getLogger("uvicorn.error").error("broken")
    logging.getLogger("opencode_nexus.app").info("quiet")
    first, second, third = written(logs)
    assert first.pop("at").startswith("20")
    assert first == {
        "level": "warning", "part": "fleet", "message": f"start of {SERVER}: late", "server": SERVER,
        "where": "fleet.server",
    }  # fmt: skip
    assert (second["part"], second["where"], third["level"]) == ("libraries", "uvicorn.error", "info")
    shown = terminal.getvalue().splitlines()
    assert [line[20:] for line in shown] == [f"WARNING fleet: start of {SERVER}: late", "ERROR   libraries: broken"]


def test_a_secret_is_in_neither_message_nor_traceback(logs: Logs, terminal: io.StringIO) -> None:
    value = "Known-Secret-Of-Mine"
    secret, log = Secret(value), logging.getLogger("opencode_nexus.web")
    log.error("it is %s, or %s", secret, secret.reveal()[:0] + str([secret]))
    try:
        raise ValueError("Known-" + "Secret-Of-Mine")
    except ValueError:
        log.exception("with Authorization: Bearer %s", "never-seen-before")
    logs.close()
    text = (logs.files.folder / "hub.log").read_text() + terminal.getvalue()
    assert "Known-Secret" not in text
    assert "never-seen" not in text
    assert f"ValueError: {DOTS}" in text
    assert os.name != "posix" or (logs.files.folder / "hub.log").stat().st_mode & 0o777 == 0o600


def test_levels_are_by_part_and_change_while_running(logs: Logs, settings: Settings) -> None:
    fleet, chat = (logging.getLogger(f"opencode_nexus.{part}.any") for part in ("fleet", "chat"))
    library = logging.getLogger("httpx2")
    logs.follow(settings)  # pytest sets the level of the root anew for each phase of a test
    for log in (fleet, chat, library):
        log.debug("unheard")
        log.info("one")
    logs.follow(replace(settings, log_levels="fleet=debug,chat=error,libraries=debug"))
    for log in (fleet, chat, library):
        log.debug("two")
        log.warning("three")
    logs.follow(settings)
    for log in (fleet, chat, library):
        log.info("four")
    told = [(entry["part"], entry["message"]) for entry in written(logs)]
    assert told == [
        ("fleet", "one"), ("chat", "one"),
        ("fleet", "two"), ("fleet", "three"), ("libraries", "two"), ("libraries", "three"),
        ("fleet", "four"), ("chat", "four"),
    ]  # fmt: skip


def test_a_flood_is_left_out_and_counted(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", -1)
    log = logging.getLogger("opencode_nexus.web")
    for _ in range(3):
        log.warning("too many")
    monkeypatch.setattr(module, "WAITING", 20_000)
    log.warning("and one")
    assert [entry["message"] for entry in written(logs)] == [
        "and one", "Entries left out, as they came too fast to be written: 3",
    ]  # fmt: skip


def test_what_could_not_be_written_is_counted(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("opencode_nexus.web")
    full = iter([OSError(28, "No space left on device")] * 2)
    write = os.write

    def failing(file: int, data: bytes) -> int:
        if error := next(full, None):
            raise error
        return write(file, data)

    monkeypatch.setattr("opencode_nexus.observe.log_writer.os.write", failing)
    for word in ("one", "two", "three"):
        log.warning(word)
    told = [entry["message"] for entry in written(logs)]
    # the first notice failed as the first entry had, the second one got through
    assert told == ["two", "Entries that could not be written here: 1", "three"]


def test_a_file_that_was_taken_away_is_begun_anew(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.observe.log_writer.LOOK", -1.0)
    logs.file.add(b'{"n":1}\n')
    (logs.files.folder / "hub.log").unlink()
    logs.file.add(b'{"n":2}\n')
    assert (logs.files.folder / "hub.log").read_text() == '{"n":2}\n'


@pytest.mark.parametrize(
    ("line", "level", "at", "message"),
    [
        (b"\x1b[31mopencode server\x1b[0m listening\r\n", "", None, "opencode server listening"),
        (b"WARN  2026-11-28T13:15:01 +3ms service=x late", "warning", 1795871701.0, "+3ms service=x late"),
        (
            b'{"level":"info","time":"2026-11-28T13:15:01Z","message":"Registered","location":"lhr01"}',
            "info", 1795871701.0, "Registered, location lhr01",
        ),
        (b'{"half', "", None, '{"half'),
        (b"[1, 2]", "", None, "[1, 2]"),
    ],
)  # fmt: skip
def test_a_line_of_output(line: bytes, level: str, at: float | None, message: str) -> None:
    entry = read_output(line, "server", SERVER)
    assert (entry.level, entry.epoch, entry.message, entry.about) == (level, at, message, SERVER)


def test_a_line_of_an_older_hub_is_read_as_it_is() -> None:
    entry = read(b"2026-11-28 13:15:01,123 INFO opencode_nexus.app: hello\n")
    assert readable(entry) == "app: 2026-11-28 13:15:01,123 INFO opencode_nexus.app: hello"

# SPDX-License-Identifier: MIT
"""The search over all log files finds what a plain look at each line finds, page by page, newest first."""

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opencode_nexus.install import ripgrep
from opencode_nexus.observe import log_search, log_sieve
from opencode_nexus.observe.log_entry import Entry, line_of
from opencode_nexus.observe.log_files import LogFile, LogFiles
from opencode_nexus.observe.log_query import LogQuery, LogQueryUnusable
from opencode_nexus.observe.log_search import search

A, B, T = "srv_0mx0sdzdkttgjetknqtp", "srv_1mx0sdzdkttgjetknqtp", "tun_0mx0sdzdkttgjetknqtp"
WORDS = ('said "so"', "Zoë went", "C:\\path", "two\nlines", "Marker", "marker", "plain words", "tab\there")


def entries(count: int, seed: int) -> list[Entry]:
    """Some entries, the oldest first."""
    dice = random.Random(seed)
    return [
        Entry(
            datetime.fromtimestamp(1_700_000_000 + number, UTC),
            dice.choice(("debug", "info", "warning", "error")),
            dice.choice(("app", "fleet", "page")),
            f"{number} {dice.choice(WORDS)} {'x' * dice.randrange(200)}",
            dice.choice(("", "", A, B)),
            "",
            dice.choice(("", "Traceback of a marker")),
        )
        for number in range(count)
    ]


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    """Four files of the hub's, and outputs of two servers and a tunnel."""
    folder = tmp_path / "logs"
    (folder / "servers").mkdir(parents=True)
    (folder / "tunnels").mkdir()
    told = entries(400, 1)
    for place, name in enumerate(("hub.log.1", "hub.000007.log", "hub.000008.log", "hub.log")):
        (folder / name).write_bytes(b"".join(map(line_of, told[100 * place : 100 * place + 100])))
    (folder / f"servers/{A}.log.1").write_text("older marker\n")
    (folder / f"servers/{A}.log").write_text("plain\nwith a Marker in it\n\nand an unfinished marker")
    (folder / f"servers/{B}.log").write_text("nothing\n")
    (folder / f"tunnels/{T}.log").write_text('{"level":"error","message":"marker of a tunnel"}\n')
    return LogFiles(folder)


def all_of(files: LogFiles, query: LogQuery, limit: int) -> list[Entry]:
    """Everything that fits, asked for page by page."""
    found: list[Entry] = []
    before: str | None = None
    while True:
        page = search(files, query, limit, before)
        found += page.entries
        before = page.next
        if before is None:
            return found
        assert len(page.entries) == limit


QUERIES = (
    LogQuery(),
    LogQuery("marker", part="app"),
    LogQuery("Marker", level="info", part="fleet"),
    LogQuery('"so"', part="app"),
    LogQuery("c:\\path", part="app"),
    LogQuery("two\nlines", part="page"),
    LogQuery("zoë", part="app"),
    LogQuery(level="error"),
    LogQuery(level="warning", part="page"),
    LogQuery("x", about=A, part="app"),
    LogQuery("not there at all", part="app"),
    LogQuery(since=1_700_000_050.0, until=1_700_000_350.0),
)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("block", "limit"), [(64, 7), (1000, 3), (1 << 20, 400), (1 << 20, 1)])
def test_it_finds_what_a_plain_look_finds(
    files: LogFiles, query: LogQuery, block: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "BLOCK", block)
    expected = [entry for entry in reversed(entries(400, 1)) if query.fits(entry)]
    assert all_of(files, query, limit) == expected
    assert expected or query.text == "not there at all"


@pytest.mark.parametrize("query", QUERIES)
def test_ripgrep_hides_nothing(
    files: LogFiles, query: LogQuery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def counted(found: Path | None, left: Sequence[LogFile], *needles: object, small: bool) -> Sequence[LogFile]:
        worth = log_sieve.holding(found, left, *needles, small=small)  # type: ignore[arg-type]
        asked.append(len(left) - len(worth))
        return worth

    for name in (log_search, log_sieve):
        monkeypatch.setattr(name, "FEW", 0)
    monkeypatch.setattr(log_search, "holding", counted)
    program = ripgrep.find(os.environ)
    assert program is not None
    found = search(files, query, 1000, None, program)
    assert found == search(files, query, 1000)
    assert not caplog.records
    if query.text == "not there at all":
        assert asked[0] == 4  # no file was read


def test_without_ripgrep_all_files_are_read(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_sieve, "FEW", 0)
    for program in (None, Path("/no/such/rg"), Path("/bin/false")):
        kept = log_sieve.holding(program, files.hub(), [b"marker"], small=True)
        assert len(kept) == (0 if program == Path("/bin/false") else 4)  # 1 is "nothing found"
    assert log_sieve.holding(ripgrep.find(os.environ), files.hub(), [b"\n"], small=True) == files.hub()  # it refuses


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        (LogQuery("marker", part="server"), ["and an unfinished marker", "with a Marker in it", "older marker"]),
        (LogQuery("Marker", about=A, part="server"), ["with a Marker in it"]),
        (LogQuery(part="server", about=B), ["nothing"]),
        (LogQuery(part="tunnel"), ["marker of a tunnel"]),
        (LogQuery("marker", level="error", part="tunnel"), ["marker of a tunnel"]),
        (LogQuery("older", level="warning"), []),
        (LogQuery("older", level="info"), ["older marker"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 50])
def test_outputs_are_found_too(files: LogFiles, query: LogQuery, messages: list[str], limit: int) -> None:
    assert [entry.message for entry in all_of(files, query, limit)] == messages


def test_a_text_is_looked_for_in_all_files(files: LogFiles) -> None:
    found = all_of(files, LogQuery("marker"), 50)
    assert {entry.part for entry in found} == {"app", "fleet", "page", "server", "tunnel"}
    assert {entry.part for entry in all_of(files, LogQuery(), 50)} == {"app", "fleet", "page"}


def test_a_page_goes_on_where_it_was_after_a_turn(files: LogFiles) -> None:
    page = search(files, LogQuery(), 30)
    (files.folder / "hub.log").rename(files.folder / "hub.000009.log")
    (files.folder / "hub.log").write_bytes(line_of(entries(1, 2)[0]))
    following = search(files, LogQuery(), 30, page.next)
    assert page.entries + following.entries == list(reversed(entries(400, 1)))[:60]


def test_a_secret_in_an_output_is_not_shown(files: LogFiles) -> None:
    (files.folder / f"servers/{B}.log").write_text("OPENCODE_SERVER_PASSWORD=found-me and more\n")
    found = search(files, LogQuery("and more"), 5)
    assert [entry.message for entry in found.entries] == ["OPENCODE_SERVER_PASSWORD=••• and more"]


@pytest.mark.parametrize("query", [LogQuery(level="loud"), LogQuery(part="flet")])
def test_what_does_not_exist_is_refused(query: LogQuery) -> None:
    with pytest.raises(LogQueryUnusable):
        query.checked()


@pytest.mark.parametrize("before", ["", "hub.1", "hub..x.3", "disk..1.3", "hub..1.99999999999999999999"])
def test_a_cursor_of_another_kind_is_refused(files: LogFiles, before: str) -> None:
    with pytest.raises(LogQueryUnusable):
        search(files, LogQuery(), 5, before)

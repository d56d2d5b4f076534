# SPDX-License-Identifier: MIT
import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from opencode_nexus.install.platforms import Machine
from opencode_nexus.setup import checks

pytestmark = pytest.mark.anyio


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A place that takes connections; no proxy is set."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()


async def test_every_line_is_there_and_this_machine_passes_what_it_must(
    tmp_path: Path, listener: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9), listener))
    lines = {check.key: check for check in await checks.run(tmp_path / "home", at_hand=False)}
    assert list(lines) == ["system", "memory", "disk", "network", "home", "git", "ripgrep"]
    assert (lines["network"].status, lines["home"].status) == ("pass", "pass")
    assert not [check for check in lines.values() if check.stops]
    assert all(check.said and (check.todo or check.status in ("pass", "unknown")) for check in lines.values())


@pytest.mark.parametrize(("at_hand", "status"), [(True, "warn"), (False, "fail")])
async def test_no_network_never_stops(
    monkeypatch: pytest.MonkeyPatch, listener: object, at_hand: bool, status: str
) -> None:
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    found = await checks.network(at_hand)
    assert (found.status, found.stops) == (status, False)
    assert "127.0.0.1:9 did not answer" in found.said


async def test_a_network_that_swallows_everything_is_given_up(
    monkeypatch: pytest.MonkeyPatch, listener: object
) -> None:
    async def never(host: str, port: int) -> str:
        await asyncio.Event().wait()
        return host

    monkeypatch.setattr(checks, "_reaches", never)
    monkeypatch.setattr(checks, "TIME_OUT", 0.05)
    assert (await checks.network(True)).status == "warn"


async def test_with_a_proxy_the_proxy_is_tried(monkeypatch: pytest.MonkeyPatch, listener: tuple[str, int]) -> None:
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    monkeypatch.setenv("https_proxy", f"http://{listener[0]}:{listener[1]}")
    found = await checks.network(False)
    assert (found.status, found.said) == ("pass", "The proxy 127.0.0.1 answers.")


@pytest.mark.parametrize(("total", "status"), [(3_000_000_000, "warn"), (500_000_000, "fail"), (4_080_000_000, "pass")])
def test_memory(monkeypatch: pytest.MonkeyPatch, total: int, status: str) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=total))
    monkeypatch.setattr(checks, "_limit", lambda: 1 << 63)
    found = checks.memory()
    assert (found.status, found.stops, f"{total / 1e9:.1f} GB" in found.said) == (status, False, True)
    assert bool(found.todo) == (status != "pass")


def test_a_container_has_less_than_its_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_limit", lambda: 2_000_000_000)
    assert checks.memory().said == "2.0 GB."


def test_memory_that_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no /proc")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    assert checks.memory().status == "unknown"


@pytest.mark.parametrize(
    ("free", "at_hand", "status", "stops"),
    [
        (3_000_000_000, False, "pass", False),
        (1_000_000_000, False, "warn", False),
        (300_000_000, False, "fail", True),
        (300_000_000, True, "warn", False),
        (10_000_000, True, "fail", True),
    ],
)
def test_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, at_hand: bool, status: str, stops: bool
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=free))
    found = checks.disk(tmp_path / "not" / "made" / "yet", at_hand)
    assert (found.status, found.stops) == (status, stops)


def test_a_home_folder_that_cannot_be_written_stops(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = checks.home_folder(tmp_path / "file" / "home")
    assert (found.status, found.stops) == ("fail", True)
    assert "Not a directory" in found.said
    assert checks.home_folder(tmp_path / "new").status == "pass"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_system_without_builds_matters_only_when_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "this_machine", lambda: Machine("freebsd", "x64"))
    assert [checks.system(at_hand).status for at_hand in (True, False)] == ["warn", "fail"]
    monkeypatch.undo()
    assert checks.system(False).status == "pass"


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    empty = {"PATH": str(tmp_path)}
    assert (checks.git(empty).status, checks.search_tool(empty).status) == ("warn", "warn")
    for name in ("git", "rg"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert (checks.git(empty).status, checks.search_tool(empty).said) == ("pass", f"{tmp_path / 'rg'}.")

# SPDX-License-Identifier: MIT
import os
import socket
import stat
from pathlib import Path

import psutil
import pytest

from opencode_nexus.fleet.errors import StartFailed
from opencode_nexus.fleet.hosts.local import Local
from opencode_nexus.fleet.run import how_it_ended, patience
from opencode_nexus.processes.identity import Identity, identify
from opencode_nexus.processes.process import Process

pytestmark = pytest.mark.anyio


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path / "nexus", {"HOME": str(tmp_path), "PATH": os.defpath})


def me() -> Identity:
    found = identify(os.getpid())
    assert found is not None
    return found


async def test_who_listens_on_a_port(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert await local.listens(me(), port) is True
        assert await local.listens(Identity(os.getppid(), 0.0), port) is False
        assert await local.port_taken(port) is True
    assert await local.listens(me(), port) is False
    assert await local.port_taken(port) is False
    assert await local.listens(Identity(2**22 + 3, 0.0), port) is False

    def refuse(self: psutil.Process, kind: str) -> None:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "net_connections", refuse)
    assert await local.listens(me(), port) is True  # a shielded process, which only its identity speaks for


async def test_a_free_port_is_free(local: Local) -> None:
    port = await local.free_port()
    assert await local.port_taken(port) is False


async def test_a_home_that_cannot_be_written_is_named(local: Local, tmp_path: Path) -> None:
    (tmp_path / "nexus").write_text("a file where a folder should be")
    with pytest.raises(StartFailed) as caught:
        await local.prepare({})
    assert str(tmp_path / "nexus") in str(caught.value)
    assert "home folder" in caught.value.hint


async def test_what_is_prepared_is_private(local: Local, tmp_path: Path) -> None:
    await local.prepare({"provider": {"x": {}}})
    config = tmp_path / "nexus" / "opencode" / "config" / "opencode" / "config.json"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_patience_grows_with_the_wait() -> None:
    assert [patience(waited) for waited in (0.0, 1.0, 5.0, 60.0)] == [0.3, 0.3, 1.0, 3.0]


@pytest.mark.parametrize(
    ("status", "words"),
    [(None, ""), (0, ": exit status 0"), (7, ": exit status 7"), (-9, ": SIGKILL"), (-99, ": signal 99")],
)
def test_how_a_process_ended(status: int | None, words: str) -> None:
    process = Process(Identity(1, 0.0))
    process.exit_status = status
    assert how_it_ended(process) == words

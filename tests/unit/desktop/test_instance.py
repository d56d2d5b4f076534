# SPDX-License-Identifier: MIT
"""There is one window for a home folder."""

import json
import socket
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from opencode_nexus.desktop.instance import SHOW, Instance


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "desktop"


def test_a_second_start_brings_the_first_to_the_front(folder: Path) -> None:
    shown = threading.Event()
    first, second = Instance(folder), Instance(folder)
    assert first.take()
    first.listen(shown.set)
    try:
        assert not second.take()
        assert second.show_other() and shown.is_set()
        assert (folder / "window.json").stat().st_mode & 0o077 == 0
    finally:
        first.release()
    assert sorted(path.name for path in folder.iterdir()) == ["window.lock"]
    assert second.take()
    second.release()


def test_a_window_that_is_gone_does_not_come_to_the_front(folder: Path) -> None:
    folder.mkdir()
    assert not Instance(folder).show_other()
    (folder / "window.json").write_text('{"port": 9, "key": "x"}')
    assert not Instance(folder).show_other()


def test_a_stranger_who_says_nothing_keeps_nobody_waiting(folder: Path) -> None:
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        told = {"port": stranger.getsockname()[1], "key": "x"}
        (folder / "window.json").write_text(json.dumps(told))
        assert not Instance(folder).show_other(within=0.2)
    shown: list[bool] = []
    first = Instance(folder)
    assert first.take()
    first.listen(lambda: shown.append(True))
    try:
        port = json.loads((folder / "window.json").read_text())["port"]
        with socket.create_connection(("127.0.0.1", port)):
            assert Instance(folder).show_other() and shown == [True]
    finally:
        first.release()


def test_without_the_key_nobody_is_heard(folder: Path) -> None:
    shown: list[bool] = []
    first = Instance(folder)
    assert first.take()
    first.listen(lambda: shown.append(True))
    try:
        port = json.loads((folder / "window.json").read_text())["port"]
        with pytest.raises(AuthenticationError), Client(("127.0.0.1", port), authkey=b"guess") as connection:
            connection.send_bytes(SHOW)
        assert Instance(folder).show_other() and shown == [True]  # who has the key still is
    finally:
        first.release()

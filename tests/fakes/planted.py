# SPDX-License-Identifier: MIT
"""Faults that the doctor mends, planted in the home folder of a hub."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.fakes import tiny_program
from tests.fakes.hub import RealHub

DAY = 86_400.0  # seconds


def old(path: Path, content: bytes = b"x" * 100, age: float = 3 * DAY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def others_may_open_the_home(hub: RealHub) -> None:
    hub.home.chmod(0o755)
    (hub.home / "secrets").chmod(0o750)


def a_killed_hub_left_its_note_and_socket(hub: RealHub) -> None:
    (hub.home / "hub.json").write_text(json.dumps({"pid": 1, "url": "http://127.0.0.1:9/", "token": "x", "boot": "x"}))
    (hub.home / "hub.json").chmod(0o600)
    with socket.socket(socket.AF_UNIX) as left:
        here = Path.cwd()
        os.chdir(hub.home)  # the name of a socket must be short
        try:
            left.bind("tunnel.sock")
        finally:
            os.chdir(here)


def half_written_files(hub: RealHub) -> Path:
    """A draft of the secrets whose writer ended; returns its path."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    draft = hub.home / "secrets" / f"sealed.bin.{ended.pid}.new"
    draft.write_bytes(b"half")
    draft.chmod(0o600)
    return draft


def a_half_done_download(hub: RealHub) -> None:
    old(hub.home / "opencode" / "downloads" / "opencode-linux-x64.tar.gz.part")


def old_versions(hub: RealHub) -> None:
    for version in ("1.18.30", "1.18.31", "1.18.32"):
        old(hub.home / "opencode" / "versions" / version / "opencode", tiny_program.program())


def logs_over_their_cap(hub: RealHub) -> None:
    old(hub.home / "logs" / "hub.000001.log", b"{}\n" * 7_500_000, age=60)


def a_leftover_attachment(hub: RealHub) -> None:
    old(hub.home / "attachments" / "att_0123456789abcdefghij")


def a_damaged_search_index(hub: RealHub) -> None:
    (hub.home / "search.db").write_bytes(b"This is no database. " * 500)


def a_wrong_index_of_the_database(hub: RealHub) -> None:
    with closing(sqlite3.connect(hub.home / "nexus.db", isolation_level=None)) as connection:
        connection.executescript(
            "CREATE TABLE planted (a, b); INSERT INTO planted VALUES (1, 2), (3, 4);"
            "CREATE INDEX planted_a ON planted (a); PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = 'CREATE INDEX planted_a ON planted (b)' WHERE name = 'planted_a';"
        )

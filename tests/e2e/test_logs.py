# SPDX-License-Identifier: MIT
"""The logs of a real hub: by command beside it and without it, followed, turned up while it runs; and its crashes."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fakes.hub import RealHub

SECRET = "sk-" + "abcdefghij" * 3  # looks like a provider's key


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """One that was never set up: nothing but itself writes."""
    with RealHub(tmp_path_factory.mktemp("logs")) as hub:
        yield hub.start()


def local(hub: RealHub) -> httpx2.Client:
    """As commands of the same user ask."""
    token = json.loads((hub.home / "hub.json").read_text())["token"]
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    return httpx2.Client(base_url=hub.url, headers=headers, timeout=60, trust_env=False)


def tell(hub: RealHub, message: str) -> None:
    """Have an entry logged, as a page that met an error does."""
    with local(hub) as http:
        assert http.post("logs/page", json={"message": message}).status_code == 204


def written(hub: RealHub) -> str:
    """What its file holds."""
    return (hub.home / "logs" / "hub.log").read_text()


def logged(hub: RealHub, words: str) -> None:
    """Wait until the file holds these words."""
    deadline = time.monotonic() + 60
    while words not in written(hub):
        assert time.monotonic() < deadline, words
        time.sleep(0.02)


def logs(hub: RealHub, *words: str) -> str:
    done = hub.command("logs", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_finds_and_follows(hub: RealHub) -> None:
    tell(hub, f"first, with {SECRET}")
    logged(hub, "first, with •••")
    (entry,) = json.loads(logs(hub, "--search", "first, with", "--json"))
    assert (entry["part"], entry["level"], entry["message"][:15]) == ("page", "error", "first, with •••")
    with subprocess.Popen(
        [sys.executable, "-m", "opencode_nexus", "logs", "--follow", "--part", "page", "-n", "1"],
        stdout=subprocess.PIPE, text=True, env=hub.environment(),
    ) as following:  # fmt: skip
        assert following.stdout is not None
        assert "first, with" in following.stdout.readline()
        tell(hub, "second")
        while "second" not in (line := following.stdout.readline()):
            assert line
        following.terminate()
    with local(hub) as http:
        whole = zipfile.ZipFile(io.BytesIO(http.get("api/v1/logs/bundle").content))
    text = whole.read("logs/hub.log").decode()
    assert "second" in text
    assert SECRET not in text


def test_levels_change_while_it_runs(hub: RealHub) -> None:
    def save(levels: str) -> httpx2.Response:
        with local(hub) as http:
            return http.post("settings/hub", data={"log_levels": levels})

    wrong = save("page=loud")
    assert (wrong.status_code, "must be part=level" in wrong.text) == (400, True)
    assert save("libraries=info").status_code == 303
    assert hub.stop() == 0
    assert written(hub).count("Shutting down") == 1  # uvicorn's word
    hub.start()
    logged(hub, "Started server process")  # it is kept
    assert save("").status_code == 303
    assert hub.stop() == 0
    assert written(hub).count("Shutting down") == 1
    assert "was killed" not in written(hub)
    hub.start()


def test_a_kill_is_told_by_the_next_start(hub: RealHub) -> None:
    tell(hub, "before the end")
    logged(hub, "before the end")
    hub.kill()
    assert "before the end" in logs(hub, "--part", "page", "-n", "1")  # without a hub
    hub.start()
    logged(hub, "the hub before this one was killed, or the machine went off")


@pytest.mark.skipif(os.name != "posix", reason="no such signal")
def test_a_hard_end_is_reported_by_the_next_start(hub: RealHub) -> None:
    assert hub.process is not None
    hub.process.send_signal(signal.SIGSEGV)  # as a fault in a library is
    assert hub.process.wait() == -signal.SIGSEGV
    hub.start()
    logged(hub, "the hub before this one ended hard; the report is ")
    (report,) = (hub.home / "logs" / "crashes").glob("*.txt")
    assert "Segmentation fault" in report.read_text()
    with sqlite3.connect(f"file:{hub.home / 'nexus.db'}?mode=ro", uri=True) as db:
        ((text,),) = db.execute("SELECT text FROM activity WHERE kind = 'hub-crashed'").fetchall()
    assert "The page Logs has the crash report." in text


def test_what_ends_the_hub_is_written_down(tmp_path: Path) -> None:
    with RealHub(tmp_path) as hub:
        program = (
            "import os, opencode_nexus.app as app\n"
            "async def fails(*_): raise ZeroDivisionError('token=" + SECRET + "')\n"
            "app._serve = fails\n"
            "app.run({'open': False}, os.environ)\n"
        )
        done = subprocess.run([sys.executable, "-c", program], env=hub.environment(), capture_output=True, text=True)
        assert done.returncode == 1
        (report,) = (hub.home / "logs" / "crashes").iterdir()
        assert f"What happened is written down in {report}" in done.stderr
        told = report.read_text()
        assert "ZeroDivisionError was not handled." in told
        assert SECRET not in told
        assert os.name != "posix" or report.stat().st_mode & 0o777 == 0o600

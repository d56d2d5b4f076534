# SPDX-License-Identifier: MIT
"""`tunnel stop --all` where no hub runs; with the genuine cloudflared: tests/tunnels/test_commands.py."""

import asyncio
import json
from pathlib import Path

import pytest

from opencode_nexus.processes.identity import Identity
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home, HomeInUse
from opencode_nexus.tunnels.left_open import Closed
from tests.unit.cli.conftest import Run
from tests.unit.cli.hub_stub import HubStub

Capture = pytest.CaptureFixture[str]


def made(folder: Path) -> None:
    """Let the home folder have been a hub's."""

    async def work() -> None:
        folder.mkdir(exist_ok=True)
        db = Database(Home(folder).database)
        await db.open()
        await db.close()

    asyncio.run(work())


def test_everything_is_closed_where_no_hub_runs_any_more(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert run("tunnel", "stop", "--all") == 1  # no hub was ever here: the folder may be the wrong one
    assert "No hub runs on" in capsys.readouterr().err
    assert not folder.exists()
    made(folder)
    assert run("tunnel", "stop", "--all") == 0
    told = f"No hub runs on {folder}, so this command did it. Closed: none was open. Logins ended: 0.\n"
    assert capsys.readouterr().out == told

    async def close(db: Database, home: Path) -> Closed:
        with pytest.raises(HomeInUse):  # no hub starts meanwhile
            Home(home).lock()
        return Closed(["phone"], left)

    left: list[Identity] = []
    monkeypatch.setattr("opencode_nexus.cli.tunnel_left.close_left_open", close)
    assert run("tunnel", "stop", "--all", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": ["phone"], "logins_ended": 0}
    left.append(Identity(4242, 1.0))
    assert run("tunnel", "stop", "--all") == 1
    assert "These processes did not end: 4242. Logins ended: 0." in capsys.readouterr().err
    after = Home(folder)
    after.lock()  # it is free again
    after.release()


def test_a_running_hub_closes_them_itself(hub: HubStub, folder: Path, run: Run, capsys: Capture) -> None:
    made(folder)
    hub.answers["POST /tunnels/stop-all"] = (200, {"stopped": ["phone"], "logins_ended": 1})
    holder = Home(folder)
    holder.lock()
    try:
        assert run("tunnel", "stop", "--all") == 0
        assert capsys.readouterr().out == "Closed: phone. Logins ended: 1.\n"
        assert run("tunnel", "stop", "--all", "--url", hub.url, "--token", "local-key") == 0
    finally:
        holder.release()

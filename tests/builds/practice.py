# SPDX-License-Identifier: MIT
"""The first turn of a hub that was just installed, and its end."""

from pathlib import Path

from tests.e2e.road import Road, ok, text_of
from tests.fakes.hub import RealHub


class InstalledHub(RealHub):
    """A hub run by `python`, which finds no package but its own, and on PATH what `path` holds."""

    def __init__(self, root: Path, opencode: Path, python: Path, path: Path | str) -> None:
        super().__init__(root, opencode, PYTHONPATH="", PATH=str(path))
        self.python = str(python)


def practice_turn(hub: RealHub) -> None:
    """From nothing, by command, to the ready line, an answer of the practice model, and the end of all it started."""
    done = hub.set_up("--practice")
    assert done.returncode == 0, done.stdout + done.stderr
    hub.start()
    hub.make_token()
    with hub.api() as api:
        (server,) = ok(api.get("/servers"))["items"]
        road = Road(api, server["id"])
        road.until(road.server, lambda found: found["state"] == "running")
        session = road.new_session()
        road.say(session, "hello there")
        waiting = road.until_waiting(session)
        ok(api.post(f"/inbox/{waiting['id']}/reply", json={"reply": "once"}), 204)
        assert "is there now" in text_of(road.until_idle(session)[-1])
    assert (hub.project / "practice-note.txt").exists()
    assert hub.stop() == 0
    assert hub.children() == []

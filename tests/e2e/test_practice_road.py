# SPDX-License-Identifier: MIT
"""The road with the practice model: no key, no internet, a real OpenCode; and over a hub that was killed."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.road import Road, ok, text_of
from tests.fakes.hub import OWNER, PASSWORD, RealHub
from tests.unit.desktop.eventually import eventually

# Runs what it is given, as systemd's own does, and leaves a file for as long.
INHIBIT = """#!/bin/sh
while [ "${{1#--}}" != "$1" ]; do shift; done
touch "{awake}/$$"
"$@"
rm "{awake}/$$"
"""


@pytest.fixture(scope="module")
def hub(root: Path, opencode_binary: Path) -> Iterator[RealHub]:
    """A running hub that was set up by command with the practice model, in a project with two files."""
    inhibit = root / "bin" / "systemd-inhibit"
    for folder in (inhibit.parent, root / "awake"):
        folder.mkdir(parents=True)
    inhibit.write_text(INHIBIT.format(awake=root / "awake"))
    inhibit.chmod(0o755)
    with RealHub(root, opencode_binary, PATH=f"{inhibit.parent}{os.pathsep}{os.environ['PATH']}") as hub:
        (hub.project / "a.py").write_text("print('a')\n")
        (hub.project / "b.txt").write_text("b\n")
        done = hub.set_up("--practice")
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        yield hub


def answer(road: Road, session: str, reply: dict[str, str]) -> dict[str, Any]:
    """Answer the one permission that the session waits for; gives what waited."""
    waiting = road.until_waiting(session)
    ok(road.api.post(f"/inbox/{waiting['id']}/reply", json=reply), 204)
    return waiting


def test_a_first_turn_without_choosing_a_model(road: Road, hub: RealHub) -> None:
    road.until(road.server, lambda found: found["state"] == "running")
    session = ok(road.api.post(f"{road.base}/sessions", json={}), 201)["id"]
    road.say(session, "hello there")
    waiting = answer(road, session, {"reply": "once"})
    assert (waiting["permission"], waiting["patterns"]) == ("bash", ["touch practice-note.txt"])
    asked, *answers = road.until_idle(session)
    assert {message["model"] for message in answers} == {"practice/practice"}
    parts = [part for message in answers for part in message["parts"]]
    assert [part["type"] for part in parts if part["type"] in ("reasoning", "text", "tool")] == [
        "reasoning", "text", "tool", "text", "tool", "text",
    ]  # fmt: skip
    listing, note = (part for part in parts if part["type"] == "tool")
    assert {"a.py", "b.txt"} <= set(listing["output"].split())
    assert (note["state"], note["error"]) == ("completed", None)
    assert (hub.project / "practice-note.txt").exists()
    assert "is there now" in text_of(answers[-1])
    assert "```python" in text_of(answers[-1])
    assert road.session(session)["title"] == "Practice: hello there"
    assert text_of(asked) == "hello there"


@pytest.mark.skipif(sys.platform != "linux", reason="systemd-inhibit is Linux's")
def test_the_machine_is_kept_awake_for_a_turn(road: Road, hub: RealHub) -> None:
    def held() -> list[Path]:
        return list((hub.root / "awake").iterdir())

    session = road.new_session("Awake")
    road.say(session, "tour")
    waiting = road.until_waiting(session)
    assert not held()
    ok(road.api.patch("/settings", json={"keep_awake": "yes"}))  # at once, for the turn that runs
    eventually(held)
    (row,) = [row for row in ok(road.api.get("/doctor"))["items"] if row["id"] == "awake"]
    assert row["status"] == "pass" and "is kept awake" in row["said"]
    ok(road.api.post(f"/inbox/{waiting['id']}/reply", json={"reply": "once"}), 204)
    road.until_idle(session)
    eventually(lambda: not held())
    ok(road.api.patch("/settings", json={"keep_awake": "no"}))


@pytest.mark.parametrize("words", ["", "rather not"])
def test_a_rejected_command_is_told_truthfully(road: Road, hub: RealHub, words: str) -> None:
    note = hub.project / "practice-note.txt"
    note.unlink(missing_ok=True)
    session = road.new_session("Reject")
    road.say(session, "tour")
    answer(road, session, {"reply": "reject", "message": words})
    last = road.until_idle(session)[-1]
    assert not note.exists()
    if words:  # with a message OpenCode lets the agent go on; without one the turn ends there
        assert "no file was created" in text_of(last)
    else:
        (tool,) = [part for part in last["parts"] if part["type"] == "tool"]
        assert tool["state"] == "error"
        assert "rejected" in tool["error"]


def test_a_killed_hub_comes_back_and_the_running_opencode_finds_the_model(root: Path, hub: RealHub) -> None:
    with hub.api() as api:
        (before,) = ok(api.get("/servers"))["items"]
        road = Road(api, before["id"])
        session = road.new_session("Over a crash")
        with road.events() as events:
            boot = next(events).data["boot"]
    hub.kill()
    hub.start()
    with hub.api() as api:
        road = Road(api, before["id"])
        after = road.until(road.server, lambda found: found["state"] == "running")
        assert (after["pid"], after["adopted"]) == (before["pid"], True)
        with road.events(last=f"{boot}.1") as events:
            hello = next(events)
            assert hello.data["resumed"] is False
            assert hello.data["boot"] != boot
        road.say(session, "still there?")
        assert "permission prompt" in json.dumps(road.until(lambda: road.messages(session), lambda m: len(m) > 2))
        answer(road, session, {"reply": "once"})
        assert road.until_idle(session)[-1]["state"] == "done"


def test_a_real_key_takes_the_place_of_the_practice_model(root: Path, hub: RealHub) -> None:
    with hub.api() as api:
        (server,) = ok(api.get("/servers"))["items"]
        road = Road(api, server["id"])
        road.until(road.server, lambda found: found["state"] == "running")
        session = road.new_session("Which model?")
        with httpx2.Client(base_url=hub.url, trust_env=False, timeout=60) as browser:

            def offered() -> str:
                page = browser.get(f"chat/{server['id']}/{session}").text
                models = page.partition('id="model"')[2].partition("</select>")[0]
                selected = re.search(r'value="([^"]*)"[^>]* selected', models)
                return selected[1] if selected else ""

            assert browser.post("login", data={"username": OWNER, "password": PASSWORD}).status_code == 303
            assert offered() == "practice/practice"
            form = {"server": server["id"], "provider": "openai", "key": "sk-not-real"}
            assert browser.post("settings/provider", data=form).status_code == 303
            assert offered().startswith("openai/")
            ok(api.post(f"{road.base}/restart"))
            assert offered().startswith("openai/")


def test_a_stopping_hub_says_bye(hub: RealHub) -> None:
    with hub.api() as api:
        (server,) = ok(api.get("/servers"))["items"]
        with Road(api, server["id"]).events(topics=["activity"]) as events:
            next(events)
            assert hub.process is not None
            hub.process.terminate()
            *_, last = events
        assert (last.name, last.data) == ("bye", {"reason": "stopping"})
    assert hub.process.wait(60) == 0
    assert hub.children() == [], "an idle OpenCode is stopped together with the hub"

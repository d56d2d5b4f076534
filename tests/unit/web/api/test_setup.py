# SPDX-License-Identifier: MIT
"""The set-up over the API: for the command of the machine's own user."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from opencode_nexus.setup import checks
from tests.fakes import tiny_program
from tests.unit.web.setup_rig import Rig

LOCAL = {"authorization": "Bearer local"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr("opencode_nexus.install.find._SYSTEM_PLACES", ())
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    (tmp_path / "project").mkdir()
    return Rig(tmp_path)


@pytest.fixture
def hub(rig: Rig) -> Iterator[TestClient]:
    with rig.browser() as client:
        yield client


@pytest.fixture
def opencode(rig: Rig, request: pytest.FixtureRequest) -> Path:
    path = rig.path / "opencode"
    if tiny_program.available():
        path.write_bytes(tiny_program.program())
        path.chmod(0o755)
    else:
        path.symlink_to(request.getfixturevalue("opencode_binary"))
    return path


def answers(rig: Rig, **other: Any) -> dict[str, Any]:
    return {"owner": "ada", "password": "Correct7horse", "project": str(rig.folder / "project"), **other}


def test_all_at_once(rig: Rig, hub: TestClient, opencode: Path) -> None:
    before = hub.get("/api/v1/setup", headers=LOCAL).json()
    assert (before["done"], before["step"], len(before["steps"])) == (False, "Welcome", 6)
    assert before["opencode"] == {"path": str(opencode.resolve()), "version": "1.18.33"}
    done = hub.post("/api/v1/setup", json=answers(rig, practice=True), headers=LOCAL)
    assert done.status_code == 200
    assert "Correct7horse" not in done.text
    assert (done.json()["owner"], done.json()["created"], done.json()["practice"]) == ("ada", True, True)
    after = hub.get("/api/v1/setup", headers=LOCAL).json()
    assert (after["done"], after["step"]) == (True, None)


def test_it_is_for_the_machines_own_user(rig: Rig, hub: TestClient, opencode: Path) -> None:
    for path, body in (("", answers(rig)), ("/bring", {}), ("/bring/cancel", {})):
        assert hub.post(f"/api/v1/setup{path}", json=body).status_code == 401
    hub.post("/api/v1/setup", json=answers(rig), headers=LOCAL)
    hub.post("/login", data={"username": "ada", "password": "Correct7horse"})
    for path, body in (("", answers(rig)), ("/bring", {}), ("/bring/cancel", {})):
        reply = hub.post(f"/api/v1/setup{path}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (403, "scope-missing")


def test_a_wrong_answer_is_a_problem(rig: Rig, hub: TestClient, opencode: Path) -> None:
    reply = hub.post("/api/v1/setup", json=answers(rig, project="/nowhere/at/all"), headers=LOCAL)
    assert (reply.status_code, reply.json()["code"]) == (400, "project-missing")
    assert not rig.access.has_owner()


def test_bringing_is_followed_over_get(rig: Rig, hub: TestClient) -> None:
    assert hub.get("/api/v1/setup", headers=LOCAL).json()["opencode"] is None
    assert hub.post("/api/v1/setup/bring", headers=LOCAL).status_code == 202
    for _ in range(2_000):
        state = hub.get("/api/v1/setup", headers=LOCAL).json()["bringing"]
        if not state["running"]:
            break
    assert (state["stage"], state["error"]["code"]) == ("failed", "network-gone")


def test_bringing_is_ended(rig: Rig, hub: TestClient) -> None:
    for _ in range(2):  # the second time nothing runs any more
        assert hub.post("/api/v1/setup/bring/cancel", headers=LOCAL).status_code == 204
    assert hub.post("/api/v1/setup/bring", headers=LOCAL).status_code == 202
    assert hub.post("/api/v1/setup/bring/cancel", headers=LOCAL).status_code == 204
    assert hub.get("/api/v1/setup", headers=LOCAL).json()["bringing"]["running"] is False

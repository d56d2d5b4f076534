# SPDX-License-Identifier: MIT
"""Stop asks again until nothing of the session runs, and says what it did."""

import json
from typing import Any

import pytest

from opencode_nexus.chat import stopping
from opencode_nexus.chat.errors import SessionNotFound
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio
CHILD = "ses_child"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "SETTLE", 0.01)


def aborts(world: World) -> list[str]:
    return [path.split("/")[2] for method, path, _ in world.fake.asked if path.endswith("/abort")]


async def test_one_abort_is_enough_for_one_session(world: World) -> None:
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))

    def aborted(path: str, body: Any) -> bool:
        world.idle()
        return True

    world.fake.routes[f"POST /session/{S}/abort"] = aborted
    result = await world.chat.abort(SERVER, S)
    assert (result.stopped, result.sessions, result.withdrawn) == (True, (S,), 0)
    assert aborts(world) == [S]


async def test_a_parent_that_goes_on_is_aborted_again(world: World) -> None:
    world.session(CHILD, parent=S)
    world.tell("session.created", CHILD, info=world.infos[CHILD])
    world.busy()
    world.busy(CHILD)
    await world.until(lambda: len(world.chat.busy(SERVER)) == 2)
    seen: list[str] = []

    def aborted(path: str, body: Any) -> bool:
        seen.append(path)
        if len(seen) == 1:  # the child ends; its parent says another step
            world.idle(CHILD)
            world.idle(S)
        elif len(seen) == 2:
            world.busy(S)
        else:
            world.idle(S)
        return True

    for session in (S, CHILD):
        world.fake.routes[f"POST /session/{session}/abort"] = aborted
    result = await world.chat.abort(SERVER, S)
    assert result.stopped
    assert result.sessions == (S, CHILD)
    assert aborts(world).count(S) >= 2


async def test_what_does_not_stop_is_not_called_stopped(world: World) -> None:
    world.busy()
    await world.until(lambda: world.chat.busy(SERVER))
    result = await world.chat.abort(SERVER, S)
    assert (result.stopped, result.sessions) == (False, (S,))
    assert aborts(world) == [S] * stopping.TRIES


async def test_requests_are_turned_down_even_if_one_is_gone(world: World) -> None:
    world.fake.routes |= {
        "POST /permission/per_1/reply": True,
        "POST /question/que_1/reject": (404, "application/json", json.dumps({"message": "gone"}).encode()),
    }
    world.busy()
    world.tell("permission.asked", id="per_1", permission="bash", patterns=[], always=[], metadata={})
    world.tell("question.asked", id="que_1", questions=[])
    await world.until(lambda: len(world.chat.waiting()) == 2)
    statuses = world.fake.routes["GET /session/status"]
    world.fake.routes["GET /session/status"] = {}
    assert statuses
    result = await world.chat.abort(SERVER, S)
    assert result.withdrawn == 2
    assert [(path.partition("?")[0], body) for _, path, body in world.fake.asked[-2:]] == [
        ("/permission/per_1/reply", {"reply": "reject"}),
        ("/question/que_1/reject", None),
    ]


async def test_a_message_just_sent_is_waited_for(world: World) -> None:
    await world.chat.send(SERVER, S, "hello")

    def aborted(path: str, body: Any) -> bool:
        if len(aborts(world)) == 1:  # too early: the turn begins only now
            world.busy()
        else:
            world.idle()
        return True

    world.fake.routes[f"POST /session/{S}/abort"] = aborted
    result = await world.chat.abort(SERVER, S)
    assert result.stopped
    assert len(aborts(world)) >= 2
    assert world.chat.busy(SERVER) == []


async def test_an_unknown_session(world: World) -> None:
    world.fake.routes["GET /session/ses_2"] = (404, "application/json", b"{}")
    with pytest.raises(SessionNotFound):
        await world.chat.abort(SERVER, "ses_2")

# SPDX-License-Identifier: MIT
"""Feeds begin and end with the servers' processes, and say what a death cut off."""

import asyncio
from dataclasses import replace

import pytest

from opencode_nexus.chat.errors import ServerNotRunning
from opencode_nexus.opencode.state import Change
from opencode_nexus.store.journal import Journal
from tests.fakes.fake_opencode import PASSWORD
from tests.fakes.one_server import SERVER
from tests.unit.chat.conftest import S, World

pytestmark = pytest.mark.anyio


async def half_said(world: World) -> list[Change]:
    talk = await world.chat.conversation(SERVER, S)
    heard: list[Change] = []
    talk.watch(heard.extend)
    world.session("ses_child", parent=S)
    world.tell("session.created", "ses_child", info=world.infos["ses_child"])
    world.busy()
    world.busy("ses_child")
    world.begin()
    world.delta("half a ")
    world.tell("permission.asked", "ses_child", id="per_1", permission="bash", patterns=[], metadata={}, always=[])
    world.tell("question.asked", id="que_1", questions=[])
    await world.until(lambda: len(world.chat.waiting()) == 2)
    await world.until(lambda: world.chat.title(SERVER, S))
    return heard


async def test_a_death_cuts_off_what_ran_and_names_the_chat_once(world: World) -> None:
    heard = await half_said(world)
    world.servers.tell("failed")
    talk = world.chat.feeds.conversations[SERVER][S]
    part = talk.state.messages["msg_1"].parts["prt_1"]
    assert (part.text, part.closed, part.interrupted) == ("half a ", True, True)
    assert (talk.state.interrupted, talk.state.status.kind) == (True, "idle")
    assert (talk.state.permissions, talk.state.questions, world.chat.waiting()) == ({}, {}, [])
    assert world.chat.busy(SERVER) == []
    assert {"status", "part", "permission", "question"} <= {change.kind for change in heard}
    await world.until(world.activity.recent)
    (row,) = world.activity.recent()
    assert row.text == "“The chat” was cut off: OpenCode stopped while the agent was working."
    assert (row.server_id, row.data) == (SERVER, {"session_id": S})
    with pytest.raises(ServerNotRunning):
        await world.chat.messages(SERVER, S)
    assert world.whats().count("interrupted") == 1


async def test_another_process_means_that_the_first_one_died(world: World) -> None:
    await half_said(world)
    world.fake.routes["GET /session/status"] = {}
    await world.run(2)
    assert world.chat.busy(SERVER) == []
    (kept,) = (await world.journal.interrupted(S)).values()
    assert kept.text == "half a "
    talk = await world.chat.conversation(SERVER, S)
    assert talk.state.messages["msg_1"].parts["prt_1"].text == "half a "
    assert talk.state.interrupted


async def test_the_same_process_told_again_is_left_alone(world: World) -> None:
    connection = world.chat.feeds.connection(SERVER)
    await world.run(1)
    world.servers.running(world.fake.url, PASSWORD, 1, 1.5)
    assert world.chat.feeds.connection(SERVER) is connection
    world.servers.running(world.fake.url, PASSWORD, 1, 9.0)
    assert world.chat.feeds.connection(SERVER) is not connection
    world.servers.tell("running", 1)
    world.servers.running(world.fake.url, PASSWORD, 2, 9.0)
    await world.settled()


async def test_last_words_that_waited_for_an_answer_are_kept(world: World) -> None:
    await half_said(world)
    connection = world.chat.feeds.connection(SERVER)
    assert connection is not None
    gate = asyncio.Event()

    async def never(path: str, body: object) -> object:
        await gate.wait()
        return {}

    world.fake.routes["GET /session/status"] = never
    world.fake.cut()
    await world.until(lambda: not connection.connected)
    await world.until(lambda: world.fake.listeners)
    world.delta("lie")
    await world.until(lambda: len(connection._backlog or ()) >= 2)
    world.servers.tell("failed")
    (kept,) = (await world.journal.interrupted(S)).values()
    assert (kept.text, kept.gaps) == ("half a lie", [7])
    await world.until(world.activity.recent)
    gate.set()


async def test_what_was_busy_before_the_hubs_death_is_looked_up(world: World) -> None:
    await half_said(world)
    await world.stop()
    world.fake.routes["GET /session/status"] = {}
    await world.start()
    await world.run(2)
    await world.until(world.activity.recent)
    assert [row.text[:10] for row in world.activity.recent()] == ["“The chat”"]
    assert world.journal.running(SERVER) == {}
    assert [part.interrupted for part in (await world.journal.interrupted(S)).values()] == [True]


async def test_a_removed_server_leaves_its_words(world: World) -> None:
    await half_said(world)
    gone = world.servers.seen
    world.servers.list = list  # type: ignore[method-assign]
    world.bus.publish("server", replace(gone, state="stopped"))
    assert world.chat.feeds.feeds == {}
    assert world.journal.open_parts() == []
    await world.db.flush()
    again = Journal(world.db)
    await again.open()
    assert [part.text for part in (await again.interrupted(S)).values()] == ["half a "]
    world.bus.publish("server", {"no": "id"})


async def test_a_removed_server_that_did_not_run(world: World) -> None:
    world.servers.tell("stopped")
    world.journal.busy(SERVER, "ses_9", "/project")
    seen = world.servers.seen
    world.servers.list = list  # type: ignore[method-assign]
    world.bus.publish("server", seen)
    await world.until(world.activity.recent)
    assert world.activity.recent()[0].text.startswith("A chat was cut off")


async def test_a_chat_is_named_by_its_window_if_nothing_else_knows_it(world: World) -> None:
    await world.chat.conversation(SERVER, S)
    world.journal.busy(SERVER, S, "/project")
    world.servers.tell("failed")
    await world.until(world.activity.recent)
    assert world.activity.recent()[0].text.startswith("“The chat” was cut off")


async def test_one_that_runs_elsewhere_and_cannot_be_reached_has_not_ended(world: World) -> None:
    world.servers.seen = replace(world.servers.seen, kind="attached")
    await half_said(world)
    assert world.chat.feeds.heard(SERVER) is not None
    world.servers.tell("failed")
    assert world.chat.feeds.heard(SERVER) is None
    talk = world.chat.feeds.conversations[SERVER][S]
    assert (talk.state.interrupted, world.chat.busy(SERVER)) == (False, [S, "ses_child"])
    assert len(world.chat.waiting()) == 2
    with pytest.raises(ServerNotRunning):
        await world.chat.messages(SERVER, S)
    await world.run(1, adopted=True)
    world.delta("sentence")
    part = talk.state.messages["msg_1"].parts["prt_1"]
    await world.until(lambda: part.text.endswith("sentence"))
    assert (part.closed, part.interrupted, world.whats().count("interrupted")) == (False, False, 0)


async def test_one_that_runs_elsewhere_is_removed_without_a_word_of_its_end(world: World) -> None:
    world.servers.seen = seen = replace(world.servers.seen, kind="attached")
    await half_said(world)
    world.servers.tell("stopped")
    world.servers.list = list  # type: ignore[method-assign]
    world.bus.publish("server", seen)
    assert SERVER not in world.chat.feeds.feeds
    assert world.whats().count("interrupted") == 0


async def test_one_that_cannot_be_reached_is_not_waited_for(world: World) -> None:
    await half_said(world)
    assert world.chat.feeds.any_busy()
    world.servers.seen = replace(world.servers.seen, kind="attached", state="failed")
    world.bus.publish("server", world.servers.seen)
    assert world.chat.busy(SERVER) and not world.chat.feeds.any_busy()

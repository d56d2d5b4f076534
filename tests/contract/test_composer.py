# SPDX-License-Identifier: MIT
"""Writing a message, with the real OpenCode: taken exactly once, queued, with files, as a command, for the shell."""

import asyncio
import base64
import contextlib
import io
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from opencode_nexus.chat.composing.completion import Hit
from opencode_nexus.chat.composing.composer import Composer
from opencode_nexus.chat.composing.queue import CUT, FAILED, STOPPED
from opencode_nexus.chat.errors import KeyReused, VariantUnknown
from opencode_nexus.chat.written import Written
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.store.queue import SubmittedRow, remember
from opencode_nexus.store.sent import SentMessage, SentMessages
from tests.contract.conftest import Hub, text
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ME = "usr_one"


class Desk(Hub):
    """A hub with a composer."""

    def prepare(self) -> None:
        home = self.path.parent / "home"
        self.composer = Composer(
            home=home, db=self.db, chat=self.chat, bus=self.bus, clock=SystemClock(), tasks=self.tasks
        )
        self.composer.open()

    async def stop(self) -> None:
        self.composer.close()
        await super().stop()

    async def write(self, session: str, words: str, key: str = "", **more: object) -> str:
        written = Written(words, **more)  # type: ignore[arg-type]
        return await self.composer.submit(ME, SERVER, session, written, key)

    async def said(self, session: str) -> list[str]:
        """What the person said, as OpenCode has it."""
        page, _ = await self.chat.client(SERVER).messages(session, 100)
        return [
            part["text"]
            for item in page
            if item["info"]["role"] == "user"
            for part in item["parts"]
            if part["type"] == "text" and not part.get("synthetic")
        ]

    async def quiet(self, session: str) -> None:
        await self.until(lambda: not self.chat.sender.busy(SERVER, session), "the session is idle")


@pytest.fixture
async def desk(tmp_path: Path, opencode: OpenCode, provider: Provider) -> AsyncIterator[Desk]:
    running = Desk(tmp_path / "nexus.db", opencode, provider)
    await running.start()
    yield running
    await running.stop()


async def again(desk: Desk) -> Desk:
    """Another hub on the same file, as after a kill; the first one is let go of."""
    await desk.stop()
    await desk.start()
    return desk


async def test_a_key_is_taken_once_however_often_and_from_wherever_it_comes(desk: Desk) -> None:
    session = await desk.session()
    taken = await asyncio.gather(*(desk.write(session, "hello", "key-1") for _ in range(4)))
    assert taken == ["sent"] * 4
    await desk.quiet(session)
    assert await desk.write(session, "hello", "key-1") == "sent"
    await again(desk)
    assert await desk.write(session, "hello", "key-1") == "sent"
    assert await desk.said(session) == ["hello"]
    with pytest.raises(KeyReused):
        await desk.write(session, "other words", "key-1")
    # what was refused was not taken: its key is free
    with pytest.raises(VariantUnknown):
        await desk.write(session, "think", "key-2", model="scripted/m1", variant="extreme")
    await desk.write(session, "think", "key-2", model="scripted/m1", variant="high")
    await desk.until(lambda: '"variant":"high"' in _raw(desk, session), "the variant is there")


async def test_a_message_whose_answer_was_lost_is_not_sent_once_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the hub is told to end while OpenCode loads the folder: it has the message, and nobody hears of it."""
    session = await desk.session()
    http = desk.chat.client(SERVER).http
    plain = http.request

    async def cut(method: str, path: str, **how: object) -> httpx2.Response:
        answer = await plain(method, path, **how)  # type: ignore[arg-type]
        if path.endswith("/prompt_async"):
            raise httpx2.ReadError("the connection is gone")
        return answer

    monkeypatch.setattr(http, "request", cut)
    with contextlib.suppress(NexusError):
        await desk.write(session, "hello", "key-1")
    monkeypatch.undo()
    await desk.write(session, "hello", "key-1")
    await desk.quiet(session)
    assert await desk.said(session) == ["hello"]


def _raw(desk: Desk, session: str) -> str:
    return str(desk.opencode.call(f"/session/{session}/message")).replace("'", '"').replace(" ", "")


async def test_a_kill_between_keeping_and_sending_loses_and_doubles_nothing(desk: Desk) -> None:
    session = await desk.session()
    # what is on the disk when the hub is killed right before it posts, and what was found lost since
    message = SentMessage("prt_00000000000000000001", SERVER, session, "was it sent?", None, None, 0.0, kind="typed")
    await desk.write(session, "the first one")
    await desk.quiet(session)
    digest = _digest_of(desk, session, "was it sent?")

    def also(connection: sqlite3.Connection, message_id: str) -> None:
        remember(connection, ME, "key-3", SubmittedRow(digest, "sent", session, message_id), SystemClock().now())

    await SentMessages(desk.db).put(message, also=also)
    SentMessages(desk.db).lose(message.id)
    await again(desk)
    # the page never heard an answer, so it sends it again, from two tabs
    assert await asyncio.gather(*(desk.write(session, "was it sent?", "key-3") for _ in range(2))) == ["sent"] * 2
    await desk.quiet(session)
    assert await desk.said(session) == ["the first one", "was it sent?"]
    assert await desk.write(session, "was it sent?", "key-3") == "sent"
    assert await desk.said(session) == ["the first one", "was it sent?"]


def _digest_of(desk: Desk, session: str, words: str) -> str:
    from opencode_nexus.chat.composing import composer

    return composer._digest(session, Written(words))


async def test_what_is_written_while_the_agent_works_waits_and_goes_in_its_order(desk: Desk) -> None:
    session = await desk.session()
    await desk.write(session, '#script [[{"text": "begun "}, {"wait": "q1"}]]')
    await desk.until(lambda: "q1" in desk.provider.waiting(), "the agent works")
    for words in ("one", "two", "three", "four"):
        assert await desk.write(session, words, f"key-{words}") == "queued"
    assert await desk.write(session, "one", "key-one") == "queued"
    queue = desk.composer.queue
    _, two, three, _ = queue.of(session)
    await queue.change(session, two.id, "two, changed")
    queue.drop(session, three.id)
    await again(desk)  # what waits outlives the hub
    queue = desk.composer.queue
    assert [item.text for item in queue.of(session)] == ["one", "two, changed", "four"]
    desk.provider.release("q1")
    await desk.until(lambda: not queue.of(session), "all of them are sent")
    await desk.quiet(session)
    assert (await desk.said(session))[1:] == ["one", "two, changed", "four"]
    shown = text(await desk.look(session))
    assert [shown.count(f"echo: {words}") for words in ("one", "two, changed", "four")] == [1, 1, 1]
    await again(desk)
    assert desk.composer.queue.of(session) == []
    assert await desk.write(session, "four", "key-four") == "queued"
    assert (await desk.said(session)).count("four") == 1


async def test_what_waits_goes_although_the_turn_ended_while_the_hub_was_away(desk: Desk) -> None:
    session = await desk.session()
    await desk.write(session, '#script [[{"wait": "q2"}, {"text": "over"}]]')
    await desk.until(lambda: "q2" in desk.provider.waiting(), "the agent works")
    await desk.write(session, "and then?")
    await desk.stop()
    desk.provider.release("q2")
    ended = f"/session/status?directory={desk.opencode.project}"
    await desk.until(lambda: session not in desk.opencode.call(ended), "the turn is over")
    await desk.start()
    await desk.until(lambda: not desk.composer.queue.of(session), "it is sent")
    await desk.quiet(session)
    assert (await desk.said(session))[1:] == ["and then?"]


async def test_after_a_stop_or_an_error_the_queue_waits_until_it_is_told(desk: Desk) -> None:
    session = await desk.session()
    await desk.write(session, '#script [[{"text": "begun "}, {"wait": "never1"}]]')
    await desk.until(lambda: "never1" in desk.provider.waiting(), "the agent works")
    for words in ("one", "two"):
        await desk.write(session, words)
    await desk.chat.abort(SERVER, session)
    await desk.quiet(session)
    queue = desk.composer.queue
    assert [(item.text, item.held) for item in queue.of(session)] == [("one", STOPPED), ("two", STOPPED)]
    await again(desk)
    queue = desk.composer.queue
    assert [item.held for item in queue.of(session)] == [STOPPED, STOPPED]
    await queue.send_now(session, queue.of(session)[0].id)
    await desk.until(lambda: not queue.of(session), "the other one follows")
    await desk.quiet(session)
    assert (await desk.said(session))[1:] == ["one", "two"]
    await desk.write(session, '#script [[{"wait": "q4"}, {"status": 400}], [{"text": "no"}]]')
    await desk.write(session, "after the error")
    await desk.until(lambda: queue.of(session) == [] or queue.of(session)[0].held == FAILED, "it is held")
    assert [item.held for item in queue.of(session)] == [FAILED]


async def test_a_stop_between_two_tries_of_the_provider_holds_the_queue_too(desk: Desk) -> None:
    # OpenCode tells no error then: the turn ends as if it were well (measured on 1.18.33)
    session = await desk.session()
    await desk.write(session, '#script [[{"status": 500}]]')
    await desk.until(lambda: desk.chat.status(session).kind == "retry", "it is tried again")
    await desk.write(session, "not yet")
    await desk.chat.abort(SERVER, session)
    await desk.quiet(session)
    assert [(item.text, item.held) for item in desk.composer.queue.of(session)] == [("not yet", STOPPED)]


async def test_the_death_of_opencode_holds_the_queue_and_loses_nothing(
    tmp_path: Path, provider: Provider, opencode_binary: Path
) -> None:
    own = OpenCode(opencode_binary, tmp_path / "own", provider.config())
    await asyncio.to_thread(own.start)
    desk = Desk(tmp_path / "nexus.db", own, provider)
    await desk.start(adopted=False)
    try:
        session = await desk.session()
        await desk.write(session, '#script [[{"text": "begun "}, {"wait": "q6"}]]')
        await desk.until(lambda: "q6" in provider.waiting(), "the agent works")
        await desk.write(session, "after that")
        own.kill()
        desk.servers.tell("failed")
        queue = desk.composer.queue
        await desk.until(lambda: queue.of(session)[0].held == CUT, "it is held")
        await asyncio.to_thread(own.start)
        desk.server_runs()
        await desk.settled()
        assert [item.text for item in queue.of(session)] == ["after that"]
        await queue.send_now(session, queue.of(session)[0].id)
        await desk.quiet(session)
        assert (await desk.said(session))[1:] == ["after that"]
    finally:
        await desk.stop()
        own.kill()


async def test_send_now_hands_a_message_to_opencode_while_it_works(desk: Desk) -> None:
    session = await desk.session()
    await desk.write(session, '#script [[{"text": "begun "}, {"wait": "q3"}]]')
    await desk.until(lambda: "q3" in desk.provider.waiting(), "the agent works")
    await desk.write(session, "later")
    await desk.write(session, "at once")
    queue = desk.composer.queue
    await queue.send_now(session, queue.of(session)[1].id)
    assert [item.text for item in queue.of(session)] == ["later"]
    desk.provider.release("q3")
    await desk.until(lambda: not queue.of(session), "the other one goes too")
    await desk.quiet(session)
    assert (await desk.said(session))[1:] == ["at once", "later"]


async def test_files_go_with_a_message_also_alone_and_after_waiting(desk: Desk) -> None:
    session = await desk.session()
    files = desk.composer.attachments
    picture = await files.add(ME, session, "../a.png", io.BytesIO(PNG))
    notes = await files.add(ME, session, "notes.md", io.BytesIO("häß".encode()))
    await desk.write(session, "look", files=(picture.id, notes.id))
    await desk.quiet(session)
    parts = desk.opencode.call(f"/session/{session}/message")[0]["parts"]
    told = [(part["filename"], part["mime"]) for part in parts if part["type"] == "file"]
    assert told == [("a.png", "image/png"), ("notes.md", "text/plain")]
    assert parts[1]["url"].endswith(base64.b64encode(PNG).decode())
    assert "häß" in [part.get("text") for part in parts]
    assert files.of_draft(ME, session) == []
    # alone it is known again by the file's own id
    alone = await files.add(ME, session, "b.png", io.BytesIO(PNG))
    await desk.write(session, "", files=(alone.id,))
    await desk.until(lambda: not desk.chat.outbox._sent, "OpenCode is known to have it")
    await desk.quiet(session)
    await desk.write(session, '#script [[{"wait": "q5"}]]')
    await desk.until(lambda: "q5" in desk.provider.waiting(), "the agent works")
    late = await files.add(ME, session, "c.png", io.BytesIO(PNG))
    assert await desk.write(session, "this too", files=(late.id,)) == "queued"
    await again(desk)
    await desk.composer.attachments.sweep()
    desk.provider.release("q5")
    await desk.until(lambda: not desk.composer.queue.of(session), "it is sent")
    await desk.quiet(session)
    sent = [item["parts"] for item in desk.opencode.call(f"/session/{session}/message")]
    assert [part["filename"] for parts in sent for part in parts if part["type"] == "file"][2:] == ["b.png", "c.png"]


async def test_a_command_the_shell_and_mentions(desk: Desk) -> None:
    session = await desk.session()
    (desk.opencode.project / "inner").mkdir(exist_ok=True)
    (desk.opencode.project / "inner" / "plan.md").write_text("the plan\n")
    await desk.write(session, "!echo from the shell")
    await desk.quiet(session)
    await desk.until(lambda: "fromtheshell\\n" in _raw(desk, session), "the shell has said it")
    await desk.write(session, "/init be brief")
    await desk.until(lambda: "bebrief" in _raw(desk, session), "the command was begun")
    await desk.quiet(session)
    await desk.write(session, "/etc is no command, me@inner is no file, @inner/plan.md and @inner/ are, ask @general")
    await desk.quiet(session)
    last = [item for item in desk.opencode.call(f"/session/{session}/message") if item["info"]["role"] == "user"][-1]
    named = [(p["type"], p.get("filename") or p.get("name")) for p in last["parts"] if p["type"] in ("file", "agent")]
    assert named == [("file", "inner/plan.md"), ("file", "inner/"), ("agent", "general")]
    assert any("the plan" in part.get("text", "") for part in last["parts"])


async def test_what_can_be_completed(desk: Desk) -> None:
    (desk.opencode.project / "inner").mkdir(exist_ok=True)
    (desk.opencode.project / "inner" / "plan.md").write_text("the plan\n")
    find = desk.composer.completion.find
    folder = str(desk.opencode.project)

    async def hits(word: str) -> list[tuple[str, str]]:
        return [(hit.kind, hit.insert) for hit in await find(SERVER, folder, word)]

    assert ("file", "@inner/plan.md ") in await hits("@plan")
    assert (await hits("@gen"))[0] == ("agent", "@general ")
    assert (await hits("/ini"))[0] == ("command", "/init ")
    assert await find(SERVER, folder, "plain") == []
    everything = await find(SERVER, folder, "@")
    assert len(everything) <= 8
    assert isinstance(everything[0], Hit)

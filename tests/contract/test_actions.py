# SPDX-License-Identifier: MIT
"""What is done with a session, against the real OpenCode in a git project."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from opencode_nexus.chat.errors import (
    ChatDeleted,
    ImportExists,
    MessageNotFound,
    NotDeleted,
    NothingUndone,
    SessionNotFound,
)
from opencode_nexus.chat.exchange import Exchange
from opencode_nexus.fleet.command import run
from opencode_nexus.opencode.errors import SessionBusy
from tests.contract.conftest import Hub, text
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio

GIT = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org"]


@pytest.fixture(scope="module")
def repository(
    provider: Provider, opencode_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenCode]:
    """An OpenCode in a git project, which is what it keeps snapshots of."""
    server = OpenCode(opencode_binary, tmp_path_factory.mktemp("repository"), provider.config(), git=True)
    (server.project / "kept.txt").write_text("one\n")
    subprocess.run([*GIT, "add", "-A"], cwd=server.project, check=True)
    subprocess.run([*GIT, "commit", "-qm", "first"], cwd=server.project, check=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def hub(tmp_path: Path, repository: OpenCode, provider: Provider) -> AsyncIterator[Hub]:
    running = Hub(tmp_path / "nexus.db", repository, provider)
    await running.start()
    yield running
    await running.stop()


def write(hub: Hub, name: str, content: str) -> dict[str, Any]:
    return {"tool": "write", "args": {"filePath": str(hub.opencode.project / name), "content": content}}


async def two_turns(hub: Hub, name: str) -> tuple[str, list[str]]:
    """A session whose two turns wrote and changed the file `name`; its id, and its users' messages."""
    session = await hub.session(name)
    await hub.say(session, [write(hub, name, "a\nb\n")], [{"text": "Written."}])
    await hub.until_idle(session)
    command = f"printf 'c\\n' > {name}; printf 'two\\n' >> kept.txt"
    await hub.say(session, [{"tool": "bash", "args": {"command": command, "description": "d"}}], [{"text": "Changed."}])
    await hub.until_idle(session)
    client = hub.chat.client(SERVER)

    async def summed_up() -> bool:  # OpenCode counts a turn's lines a moment after its end
        messages, _ = await client.messages(session, 50)
        mine = [one["info"] for one in messages if one["info"]["role"] == "user"]
        return all(one.get("summary", {}).get("diffs") for one in mine)

    async with asyncio.timeout(30):
        while not await summed_up():
            await asyncio.sleep(0.02)
    messages, _ = await client.messages(session, 50)
    return session, [one["info"]["id"] for one in messages if one["info"]["role"] == "user"]


async def test_undo_says_what_it_will_change_and_changes_that_and_restore_brings_it_back(hub: Hub) -> None:
    project = hub.opencode.project
    aside = project / "aside.txt"
    aside.write_text("aside\n")
    session, (first, second) = await two_turns(hub, "undone.txt")
    file, kept = project / "undone.txt", project / "kept.txt"
    was = kept.read_text()
    messages, _ = await hub.chat.client(SERVER).messages(session, 50)
    answer = messages[-1]["info"]["id"]
    # an answer goes with its question
    what = await hub.actions.undoing(SERVER, session, answer)
    assert what.message_id == second
    assert [one.role for one in what.messages] == ["user", "assistant", "assistant"]
    assert [(one.path, one.additions, one.deletions, one.status) for one in what.files] == [
        ("kept.txt", 1, 0, "modified"), ("undone.txt", 1, 2, "modified")
    ]  # fmt: skip
    all_of_it = await hub.actions.undoing(SERVER, session, first)
    assert len(all_of_it.messages) == 6
    assert [(one.path, one.status) for one in all_of_it.files] == [("kept.txt", "modified"), ("undone.txt", "added")]
    conversation = await hub.look(session)
    await hub.actions.revert(SERVER, session, answer)
    assert (file.read_text(), kept.read_text()) == ("a\nb\n", was.removesuffix("two\n"))
    await hub.until(lambda: conversation.state.revert_from == second, "the page hides what is undone")
    assert set(hub.actions.facts(SERVER, session).put_back or ()) == {"undone.txt", "kept.txt"}
    # a restore sets back all files that were there, whoever changed them since, and leaves new ones
    aside.write_text("changed since\n")
    (project / "new.txt").write_text("new\n")
    coming, files = await hub.actions.restoring(SERVER, session)
    assert ([one.role for one in coming], set(files)) == (
        ["user", "assistant", "assistant"],
        {"undone.txt", "kept.txt"},
    )
    await hub.actions.restore(SERVER, session)
    assert (file.read_text(), kept.read_text(), aside.read_text()) == ("c\n", was, "aside\n")
    assert (project / "new.txt").exists()
    await hub.until(lambda: conversation.state.revert_from is None, "the page shows it again")
    assert hub.actions.facts(SERVER, session).put_back is None
    with pytest.raises(NothingUndone):
        await hub.actions.restore(SERVER, session)
    with pytest.raises(MessageNotFound):
        await hub.actions.undoing(SERVER, session, "msg_nothing")
    await hub.actions.revert(SERVER, session, first)
    assert not file.exists()


async def test_a_fork_ends_with_the_message_it_was_made_at_and_knows_where_it_came_from(hub: Hub) -> None:
    session = await hub.session("Trunk")
    for word in ("one", "two"):
        await hub.say(session, [{"text": word}])
        await hub.until_idle(session)
    client = hub.chat.client(SERVER)
    messages, _ = await client.messages(session, 50)
    ids = [one["info"]["id"] for one in messages]
    for at, count in ((ids[1], 2), (ids[2], 3), (ids[3], 4), (None, 4)):
        made = await hub.actions.fork(SERVER, session, at)
        copied, _ = await client.messages(made.id, 50)
        assert len(copied) == count
    without = await hub.actions.fork(SERVER, session, ids[2], included=False)
    assert len((await client.messages(without.id, 50))[0]) == 2
    assert hub.actions.facts(SERVER, without.id).origin == (session, "Trunk")
    assert hub.actions.facts(SERVER, session).origin is None


async def test_what_is_archived_leaves_the_list_and_comes_back(hub: Hub) -> None:
    session = await hub.session("Old")
    await hub.actions.archive(SERVER, session, archived=True)

    async def archived() -> float | None:
        return next(one.archived for one in await hub.chat.sessions(SERVER) if one.id == session)

    assert await archived()
    assert hub.actions.facts(SERVER, session).archived
    await hub.actions.archive(SERVER, session, archived=False)
    assert await archived() is None
    assert not hub.actions.facts(SERVER, session).archived


async def test_a_deletion_can_be_undone_after_a_restart_and_else_takes_the_sub_agents_with_it(hub: Hub) -> None:
    session, other = await hub.session("Gone"), await hub.session("Kept")
    client = hub.chat.client(SERVER)
    made = await client.json("POST", "/session", body={"parentID": session}, directory=str(hub.opencode.project))
    await hub.actions.pin(SERVER, session, pinned=True)
    await hub.actions.delete(SERVER, session)

    async def listed() -> set[str]:
        return {one.id for one in await hub.chat.sessions(SERVER)} & {session, other, made["id"]}

    assert await listed() == {other}
    with pytest.raises(ChatDeleted):
        await hub.say(session, [{"text": "Nobody hears this."}])
    await hub.stop()
    await hub.start()
    client = hub.chat.client(SERVER)
    assert await listed() == {other}
    assert [one.title for one in hub.actions.trash.of(SERVER)] == ["Gone"]
    await hub.actions.undelete(SERVER, session)
    assert await listed() == {session, other, made["id"]}
    assert hub.actions.facts(SERVER, session).pinned
    await hub.actions.trash.sweep()
    assert await listed() == {session, other, made["id"]}
    await hub.actions.delete(SERVER, session, keep=-1)
    await hub.actions.trash.sweep()
    for one in (session, made["id"]):
        with pytest.raises(SessionNotFound):
            await hub.chat.session(SERVER, one)
    with pytest.raises(NotDeleted):
        await hub.actions.undelete(SERVER, session)


async def test_compacting_goes_on_behind_and_is_told_to_all(hub: Hub) -> None:
    session = await hub.session("Long")
    await hub.say(session, [{"text": "Much was said."}])
    await hub.until_idle(session)
    await hub.actions.compact(SERVER, session)
    assert hub.actions.notices.get(session).kind == "busy"  # type: ignore[union-attr]
    await hub.until(lambda: (note := hub.actions.notices.get(session)) and note.kind == "ok", "compacted")
    conversation = await hub.look(session)
    kinds = [part.kind for message in conversation.state.messages.values() for part in message.parts.values()]
    assert "compaction" in kinds


async def test_a_stop_says_what_became_of_a_command_and_of_the_sub_agents(hub: Hub) -> None:
    session = await hub.session("Busy")
    slow = {"tool": "bash", "args": {"command": "sleep 371", "description": "waits"}}
    script = "#script " + json.dumps([[slow], [{"text": "x"}]])
    task = {"description": "sub", "subagent_type": "general", "prompt": script}
    await hub.say(session, [{"tool": "task", "args": task}], [{"text": "Done."}])

    def sleeping() -> bool:
        return b"sleep\x00371" in b"".join(_command_lines())

    await hub.until(sleeping, "the command runs")
    with pytest.raises(SessionBusy):
        await hub.actions.revert(SERVER, session, "msg_any")
    stopped = await hub.actions.stop(SERVER, session)
    assert stopped.result.stopped
    assert "Stopped this chat and 1 sub-agent." in stopped.words
    assert "The command “sleep 371” was ended." in stopped.words
    assert not sleeping()
    notice = hub.actions.notices.get(session)
    assert notice is not None and notice.words == stopped.words
    assert "Nothing was running" in (await hub.actions.stop(SERVER, session)).words
    await hub.say(session, [{"text": "Go on."}])
    await hub.until(lambda: hub.actions.notices.get(session) is None, "the notice goes with the next turn")
    conversation = await hub.look(session)
    await hub.until(lambda: "Go on." in text(conversation), "it goes on after a stop")


def _command_lines() -> list[bytes]:
    lines = []
    for process in psutil.process_iter():
        try:
            lines.append("\0".join(process.cmdline()).encode() + b"\n")
        except psutil.Error:
            continue
    return lines


class Imports:
    """`chat.importing.Program`: runs the real program, as `fleet.command` does, on another data folder."""

    def __init__(self, opencode: OpenCode, binary: Path) -> None:
        self._opencode, self._binary = opencode, binary

    async def command(self, server_id: str, words: list[str], folder: str) -> tuple[int, str]:
        root = self._opencode.root
        environ = self._opencode.environment()
        return await run(self._binary, words, folder, environ, config_home=root / "config", tools=root / "bin")


async def test_an_export_comes_in_elsewhere_as_it_was(
    hub: Hub, own: Hub, opencode_binary: Path, tmp_path: Path
) -> None:
    session, _ = await two_turns(hub, "moved.txt")
    there = Exchange(hub.chat, hub.servers, Imports(hub.opencode, opencode_binary))
    here = Exchange(own.chat, own.servers, Imports(own.opencode, opencode_binary))
    name, pieces = await there.export(SERVER, session, "json")
    assert name == f"moved-txt-{session[-6:]}.json"
    file = tmp_path / name
    file.write_bytes(b"".join([piece async for piece in pieces]))
    made = await here.bring_in(SERVER, file)
    assert (made.session_id, made.title, made.messages, made.came) == (session, "moved.txt", 6, 6)
    before, _ = await hub.chat.client(SERVER).messages(session, 50)
    after, _ = await own.chat.client(SERVER).messages(session, 50)
    assert after == before
    assert (await own.chat.session(SERVER, session)).directory == str(own.opencode.project)
    assert session in {one.id for one in await own.chat.sessions(SERVER)}
    with pytest.raises(ImportExists):
        await here.bring_in(SERVER, file)
    _, pieces = await there.export(SERVER, session, "markdown")
    markdown = b"".join([piece async for piece in pieces]).decode()
    assert "# moved.txt" in markdown
    assert "<summary>write: " in markdown
    assert "Changed." in markdown

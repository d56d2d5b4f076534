# SPDX-License-Identifier: MIT
"""The search index on a real OpenCode: what is said is found, what was missed is read, what is gone is not found."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.search.index import SearchIndex
from opencode_nexus.chat.search.search import Filters, Search
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.opencode.api import Client
from tests.contract.conftest import PATIENCE, Hub
from tests.fakes.one_server import SERVER
from tests.fakes.real import OpenCode, Provider

pytestmark = pytest.mark.anyio


class SearchedHub(Hub):
    """A hub with its search index."""

    def prepare(self) -> None:
        around = {"servers": self.servers, "journal": self.chat.journal, "bus": self.bus}
        self.index = SearchIndex(self.path.with_name("search.db"), clock=SystemClock(), **around)  # type: ignore[arg-type]
        self.search = Search(self.index, self.servers)
        self.chat.feeds.listeners.add(self.index)
        self.tasks.spawn(self.index.open(), "opening")

    async def stop(self) -> None:
        await self.index.close()
        await super().stop()

    async def hits(self, typed: str, **filters: str) -> list[tuple[str, str]]:
        """Session and role of each hit, best first."""
        found = await self.search.find(typed, Filters(**filters), 50)  # type: ignore[arg-type]
        return [(hit.session_id, hit.role) for hit in found.hits]

    async def until_found(self, typed: str, *expected: tuple[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while sorted(await self.hits(typed)) != sorted(expected):
            assert time.monotonic() < deadline, (typed, await self.hits(typed), expected)
            await asyncio.sleep(0.02)

    async def in_step(self) -> None:
        """Until the index has what the server has."""
        await self.until(lambda: SERVER in self.index.readers and not self.search.progress().behind, "in step")

    async def everything(self, *sessions: str) -> list[object]:
        """Every document of these sessions, as kept, but for the ids that the index gives them.

        Others' sessions on the shared OpenCode may still go on.
        """
        store = self.index._store
        kept = [
            (known.id, document)
            for known in await store.sessions()
            if known.id in sessions
            for _, document in await store.documents(known.id, 0, 10_000)
        ]
        return sorted(kept, key=repr)


@pytest.fixture
async def searched(tmp_path: Path, opencode: OpenCode, provider: Provider) -> AsyncIterator[SearchedHub]:
    running = SearchedHub(tmp_path / "nexus.db", opencode, provider)
    await running.start()
    yield running
    await running.stop()


async def deleted(opencode: OpenCode, path: str) -> None:
    """As another program does it."""
    client = Client(opencode.base_url, opencode.username, opencode.password)
    await client.json("DELETE", path)
    await client.close()


async def test_what_is_said_is_found_in_sessions_and_sub_agents(searched: SearchedHub) -> None:
    one, two = await searched.session("Zebra matters"), await searched.session("Other")
    await searched.say(one, [{"text": "the quokka sleeps"}, {"reasoning": "perhaps a wombat"}])
    await searched.say(
        two,
        [{"tool": "bash", "args": {"command": "echo numbat_$((40+2))", "description": "count"}}],
        [{"text": "done with quokka"}],
    )
    await searched.until_idle(one)
    await searched.until_idle(two)
    await searched.until_found("quokka -script", (one, "agent"), (two, "agent"))
    await searched.until_found("numbat_42", (two, "tool"))
    await searched.until_found('"quokka sleeps" -script', (one, "agent"))
    await searched.until_found("zebra", (one, "title"))
    assert await searched.hits("numbat", tool="bash") == [(two, "tool")]
    assert (one, "reasoning") in await searched.hits("wombat")
    assert await searched.hits("quokka", role="user") != []

    child = searched.opencode.call("/session", {"title": "Kid", "parentID": two})["id"]
    await searched.say(child, [{"text": "bandicoot found"}])
    await searched.until_idle(child)
    await searched.until_found("bandicoot -script", (child, "agent"))
    found = await searched.search.find("bandicoot -script", Filters())
    assert [(hit.root_id, hit.title) for hit in found.hits] == [(two, "Kid")]

    await searched.chat.delete(SERVER, one)
    await searched.until_found("quokka -script", (two, "agent"))


async def test_what_happened_while_the_hub_was_down_is_read(searched: SearchedHub) -> None:
    one, two, gone = [await searched.session(title) for title in ("One", "Two", "Gone")]
    for session_id in (one, gone):
        await searched.say(session_id, [{"text": "capybara before"}])
        await searched.until_idle(session_id)
    await searched.until_found("capybara -script", (one, "agent"), (gone, "agent"))
    # it is in the middle of an answer when the hub goes
    await searched.say(two, [{"text": "capybara begun "}, {"wait": "down"}, {"text": "and ended"}])
    await searched.until(lambda: "down" in searched.provider.waiting(), "the answer has begun")
    await searched.stop()

    oc = searched.opencode
    await deleted(oc, f"/session/{gone}")
    script = '#script [[{"text": "capybara meanwhile"}]]'
    await asyncio.to_thread(oc.call, f"/session/{one}/message", {"parts": [{"type": "text", "text": script}]})
    searched.provider.release("down")
    await searched.until(lambda: not oc.call("/session/status"), "nothing runs")

    again = SearchedHub(searched.path, oc, searched.provider)
    await again.start()
    expected = [(one, "agent"), (one, "agent"), (two, "agent")]
    await again.until_found("capybara -script", *expected)
    await again.until_found('"begun and ended" -script', (two, "agent"))
    await again.in_step()
    followed = await again.everything(one, two, gone)

    again.search.rebuild()
    await again.until(lambda: again.index.rebuild is None, "made anew")
    assert await again.everything(one, two, gone) == followed != []
    await again.until_found("capybara -script", *expected)
    await again.stop()
    await searched.start()  # for the fixture to stop


async def test_what_is_undone_is_found_again_when_it_is_brought_back(searched: SearchedHub) -> None:
    session_id = await searched.session("Undone")
    for word in ("axolotl", "olm"):
        await searched.say(session_id, [{"text": f"{word} answer"}])
        await searched.until_idle(session_id)
    await searched.until_found("olm -script", (session_id, "agent"))
    messages, _ = await searched.chat.client(SERVER).messages(session_id, 10)
    second = messages[2]["info"]["id"]
    searched.opencode.call(f"/session/{session_id}/revert", {"messageID": second})
    await searched.until_found("olm")
    await searched.until_found("axolotl -script", (session_id, "agent"))
    searched.opencode.call(f"/session/{session_id}/unrevert", {})
    await searched.until_found("olm -script", (session_id, "agent"))

    part = messages[1]["parts"][-2]
    where = f"/session/{session_id}/message/{part['messageID']}/part/{part['id']}"
    await deleted(searched.opencode, where)
    await searched.until_found("axolotl -script")


async def test_a_damaged_index_heals_itself(searched: SearchedHub) -> None:
    session_id = await searched.session("Harmed")
    await searched.say(session_id, [{"text": "tapir here"}])
    await searched.until_idle(session_id)
    await searched.until_found("tapir -script", (session_id, "agent"))
    await searched.stop()
    file = searched.path.with_name("search.db")
    file.write_bytes(b"x" * file.stat().st_size)
    await searched.start()
    await searched.until_found("tapir -script", (session_id, "agent"))

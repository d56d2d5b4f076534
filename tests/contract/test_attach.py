# SPDX-License-Identifier: MIT
"""A real OpenCode that was started outside of the hub: attached, watched, chatted with, found, and never ended."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.chat import Chat
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet import attached
from opencode_nexus.fleet.attached_errors import (
    AlreadyAttached,
    BadAddress,
    NotOpenCode,
    OwnAddress,
    PasswordRefused,
    Unreachable,
)
from opencode_nexus.fleet.attaching import Attachment
from opencode_nexus.fleet.errors import NotOurs, ProjectMissing
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.sent import SentMessages
from tests.fakes import tiny_opencode
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.real import OpenCode, Provider, lasting_port

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FleetUnderTest]:
    monkeypatch.setattr(attached, "WATCH", 0.2)
    monkeypatch.setattr(attached, "FIRST", 0.1)
    monkeypatch.setattr(attached, "LONGEST", 0.2)
    rig = FleetUnderTest(tmp_path, tiny_opencode.install(tmp_path))
    await rig.open()
    yield rig
    await rig.close()


def where(opencode: OpenCode) -> Attachment:
    return Attachment(address=opencode.base_url, password=opencode.password)


async def test_it_is_attached_chatted_with_and_left_running(
    rig: FleetUnderTest, opencode: OpenCode, provider: Provider
) -> None:
    state = await rig.fleet.attach("Far", where(opencode))
    assert (state.state, state.kind, state.address, state.pid) == ("running", "attached", opencode.base_url, None)
    assert (state.version, state.missing, state.projects) == ("1.18.33", (), (str(opencode.project),))
    tasks = Tasks()
    chat = Chat(
        servers=rig.fleet, journal=Journal(rig.db), sent=SentMessages(rig.db), bus=rig.bus, clock=SystemClock(),
        tasks=tasks, activity=rig.activity,
    )  # fmt: skip
    await chat.open()
    session_id = await chat.create(state.id, "From afar")
    await chat.send(state.id, session_id, '#script [[{"text": "I am elsewhere."}]]')
    async with asyncio.timeout(60):
        while "I am elsewhere." not in str((await chat.messages(state.id, session_id))[0]):
            await asyncio.sleep(0.05)
    assert chat.feeds.heard(state.id) is not None
    for order in (
        rig.fleet.restart(state.id), rig.fleet.command(state.id, ["export"], "/"),
        rig.fleet.free_project(state.id, state.projects[0]),
    ):  # fmt: skip
        with pytest.raises(NotOurs):
            await order
    assert await rig.fleet.stop_many() == []
    await rig.fleet.stop(state.id)
    await rig.fleet.remove(state.id)
    await chat.close()
    await tasks.close()
    assert opencode.call("/global/health")["healthy"] is True
    assert rig.vault.names() == []


async def test_a_next_hub_connects_again_and_leaves_it_running_at_its_end(
    rig: FleetUnderTest, opencode: OpenCode
) -> None:
    state = await rig.fleet.attach("Far", where(opencode))
    rig.on_stop = "stop"
    await rig.close()
    assert opencode.call("/global/health")["healthy"] is True
    await rig.open()
    async with asyncio.timeout(30):
        assert (await rig.until(state.id, "running")).version == "1.18.33"
    raw = b"".join(file.read_bytes() for file in rig.home.rglob("*") if file.is_file())
    assert opencode.password.encode() not in raw


async def test_what_cannot_be_attached_is_told_and_not_added(
    rig: FleetUnderTest, opencode: OpenCode, provider: Provider
) -> None:
    here = (await rig.fleet.add("One", [str(rig.project)])).id
    await rig.fleet.start(here)
    port = rig.fleet.get(here).port
    refused: list[tuple[type[NexusError], Attachment]] = [
        (PasswordRefused, Attachment(address=opencode.base_url, password="wrong")),
        (PasswordRefused, Attachment(address=opencode.base_url)),
        (NotOpenCode, Attachment(address=provider.root)),
        (NotOpenCode, Attachment(address=f"{opencode.base_url}/nothing/here", password=opencode.password)),
        (Unreachable, Attachment(address=f"http://127.0.0.1:{lasting_port()}")),
        (OwnAddress, Attachment(address=f"http://localhost:{port}")),
        (BadAddress, Attachment(address="ftp://example.org")),
    ]
    for error, wanted in refused:
        with pytest.raises(error):
            await rig.fleet.attach("Far", wanted)
    assert [one.id for one in rig.fleet.list()] == [here]
    far = (await rig.fleet.attach("Far", where(opencode))).id
    await rig.fleet.add_project(far, "/nowhere/near")
    with pytest.raises(ProjectMissing):
        await rig.fleet.move_project(far, "/nowhere/near", here)
    for address in (opencode.base_url, opencode.base_url.replace("127.0.0.1", "localhost")):
        with pytest.raises(AlreadyAttached):
            await rig.fleet.attach("Again", Attachment(address=address, password=opencode.password))


async def test_it_is_lost_when_it_ends_there_and_found_again(
    rig: FleetUnderTest, provider: Provider, opencode_binary: Path, tmp_path: Path
) -> None:
    own = OpenCode(opencode_binary, tmp_path / "own", provider.config())
    await asyncio.to_thread(own.start)
    try:
        state = await rig.fleet.attach("Far", where(own))
        own.kill()
        async with asyncio.timeout(60):
            lost = await rig.until(state.id, "failed")
        assert "Nothing answers at this address" in lost.reason and lost.retry_at is not None
        assert await rig.until_note("server-unreachable")
        await asyncio.to_thread(own.start)
        if own.base_url != state.address:  # it took another port: its address is given anew
            await rig.fleet.reattach(state.id, where(own))
        async with asyncio.timeout(60):
            await rig.until(state.id, "running")
    finally:
        own.kill()


async def test_it_is_found_by_its_process_and_ours_are_not(
    rig: FleetUnderTest, opencode: OpenCode, opencode_binary: Path
) -> None:
    rig.binary = opencode_binary
    here = (await rig.fleet.add("One", [str(rig.project)])).id
    await rig.fleet.start(here)
    found = {one.address: one for one in await rig.fleet.found()}
    assert opencode.base_url in found, found
    theirs = found[opencode.base_url]
    assert (theirs.pid, theirs.password, theirs.folder) == (opencode.pid, True, str(opencode.project))
    assert f"http://127.0.0.1:{rig.fleet.get(here).port}" not in found
    await rig.fleet.attach("", where(opencode))
    assert opencode.base_url not in {one.address for one in await rig.fleet.found()}

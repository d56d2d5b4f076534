# SPDX-License-Identifier: MIT
"""Whatever the wire does to a recorded stream, and whenever it is lost and taken up again: it ends the same."""

import copy
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.events import SessionError
from opencode_nexus.opencode.sse import Splitter
from tests.replay.cutting import Batch, Hub, Uncut, differences, shape
from tests.replay.model import ModelServer
from tests.replay.take import Take, names

pytestmark = pytest.mark.anyio

NAMES = names()
EACH = 6  # runs of each recording


@cache
def bodies(name: str) -> list[bytes]:
    return [body for _, body in Take.load(name).bodies()]


@cache
def whole(name: str) -> Uncut:
    """What all of a recording folds to."""
    uncut = Uncut()
    for body in bodies(name):
        if (found := decode(body)) is not None:
            uncut.tell(found[1])
    return uncut


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 1 << 30))
def test_however_it_is_cut_into_reads(name: str, seed: int) -> None:
    chance = random.Random(seed)
    stream = b"".join(Take.load(name).reads)
    splitter, at, heard = Splitter(), 0, list[bytes]()
    while at < len(stream):
        size = chance.choice((1, 7, 100, 4096, 70_000)) + chance.randrange(9)
        heard += splitter.feed(stream[at : at + size])
        at += size
    assert heard == bodies(name)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True), st.integers(0, 1 << 30))
def test_however_sessions_are_interleaved(told: list[str], seed: int) -> None:
    chance = random.Random(seed)
    left = {name: [*reversed(bodies(name))] for name in told}
    uncut = Uncut()
    while left:
        name = chance.choice(list(left))
        if (found := decode(left[name].pop())) is not None:
            uncut.tell(found[1])
        left = {name: one for name, one in left.items() if one}
    for name in told:
        for session_id, state in whole(name).states.items():
            assert shape(uncut.states[session_id]) == shape(state)


@pytest.mark.parametrize("name", NAMES)
async def test_lost_and_taken_up_again(name: str, tmp_path: Path) -> None:
    for run in range(EACH):
        await lose(name, random.Random(f"{name}{run}"), tmp_path / f"{run}.db")


async def lose(name: str, chance: random.Random, path: Path) -> None:
    """Lose some events of a stream, then ask OpenCode while more come, which its answers hold already: twice told."""
    begin = chance.randrange(len(bodies(name)))
    end = begin + chance.choice((0, 1, 3, 20, 100))
    asked = end + chance.choice((0, 1, 5, 40))
    model, backlog = ModelServer(), Batch()
    hub = Hub(path, model)
    await hub.open()
    unheard = set()
    for number, body in enumerate(bodies(name)):
        model.tell(body)
        found = decode(body)
        if found is None:
            batch: Batch = []
        elif begin <= number < end:
            batch = []
            unheard |= {found[1].session_id} if isinstance(found[1], SessionError) else set()
        elif end <= number < asked:
            batch = []
            backlog.append(found)
        else:
            batch = [found]
        if number == asked:
            await hub.reconcile(backlog, gaps=True)
        hub.feed.take(batch)
        for session_id in model.sessions.keys() - hub.conversations.keys():
            await hub.look(session_id)
    if asked >= len(bodies(name)):
        await hub.reconcile(backlog, gaps=True)
    for session_id in model.sessions:
        want, got = copy.deepcopy(whole(name).states[session_id]), await hub.look(session_id)
        for state in (want, got):
            for part in (part for message in state.messages.values() for part in message.parts.values()):
                if part.interrupted:  # OpenCode never has its words, so those that were not heard are gone for good
                    part.text, part.gaps = "", []
            if session_id in unheard:
                state.error = None
        assert not differences(shape(got), shape(want)), f"{session_id}: {name} {begin} {end} {asked}"
    await hub.close()

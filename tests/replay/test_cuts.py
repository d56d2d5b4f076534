# SPDX-License-Identifier: MIT
"""The hub is cut at random points of real streams: what the next one shows is what an uncut one would."""

import copy
import os
import random
from pathlib import Path

import pytest

from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.state import SessionState
from tests.replay.cutting import Hub, Uncut, differences, html, shape
from tests.replay.model import ModelServer
from tests.replay.take import Take, names

pytestmark = pytest.mark.anyio

CUTS = int(os.environ.get("NEXUS_TEST_CUTS", "200"))  # in all recordings together; `make soak` makes 1,000
SEED = 20261128


@pytest.mark.parametrize("name", names())
async def test_cut_anywhere_it_comes_back_whole(name: str, tmp_path: Path) -> None:
    take = Take.load(name)
    bodies = list(take.bodies())
    cuts = set(random.Random(SEED).sample(range(1, len(bodies) + 1), min(len(bodies), CUTS // len(names()) + 1)))
    quiet = [look.at for look in take.fresh]
    model, uncut = ModelServer(), Uncut()
    hub = Hub(tmp_path / "nexus.db", model)
    await hub.open()
    for number, (at, body) in enumerate(bodies, 1):
        model.tell(body)
        found = decode(body)
        if found is not None:
            hub.feed.take([found])
            uncut.tell(found[1])
        if number in cuts:
            where = f"{name} at {number}: {body.decode()[:300]}"
            await compare(hub, uncut, "before " + where)
            await hub.db.flush()
            after = Hub(tmp_path / "nexus.db", model)
            await after.open()
            await hub.close()
            await after.reconcile(gaps=False)
            await compare(after, uncut, "cut " + where)
            hub = after  # it goes on from there
        if quiet and at == quiet[0]:
            del quiet[0]
            if not any(state.status.kind != "idle" for state in uncut.states.values()):
                alone = Hub(tmp_path / f"alone{at}.db", model)
                await alone.open()
                await alone.reconcile(gaps=False)
                alone.feed.errors = hub.feed.errors  # OpenCode does not tell them again, and keeps only an answer's
                await compare(alone, uncut, f"{name} at rest at {number}", alone=True)
                await alone.close()
    await hub.close()


async def compare(hub: Hub, uncut: Uncut, where: str, *, alone: bool = False) -> None:
    """Every session is shown by the hub as the uncut one shows it, as state and as page.

    `alone`: without a journal, the words of what was cut off for good are gone: OpenCode never had them.
    """
    for session_id in hub.model.sessions:
        want, got = uncut.states[session_id], await hub.look(session_id)
        if ending(want):
            continue
        if alone and any(message.interrupted for message in want.messages.values()):
            want = copy.deepcopy(want)
            for part in (part for message in want.messages.values() for part in message.parts.values()):
                part.text = "" if part.interrupted else part.text
        assert not differences(shape(got), shape(want)), f"{session_id}, {where}"
        assert html(got) == html(want), f"{session_id}, {where}"


def ending(state: SessionState) -> bool:
    """Whether it stands between the idle that an abort tells first and the end of its message, some milliseconds later.

    Whoever asks OpenCode then sees what it sees after a crash; `Connection` asks again half a second later.
    """
    answers = [message for message in state.messages.values() if message.role == "assistant"]
    return state.status.kind == "idle" and bool(answers) and answers[-1].completed is None

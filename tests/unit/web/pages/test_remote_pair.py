# SPDX-License-Identifier: MIT
"""web/pages/remote_pair.py: links that wait are shown and can be taken back; making one is in test_remote_forms.py."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.access.errors import PairingGone
from tests.fakes.tunnels import URL, ready
from tests.unit.web.pages.remote_desk import Desk, remote_desk, words

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with remote_desk(tmp_path) as desk:
        yield desk


async def made(desk: Desk, tunnel: str, name: str) -> tuple[str, str]:
    """A link for a device: (its secret, the address that takes it back)."""
    page = await desk.post(f"/remote/{tunnel}/pair", name=name)
    secret = re.search(rf'data-copy="{re.escape(URL)}/nexus/pair#([\w-]+)"', page.text)
    back = re.search(rf'action="/nexus(/remote/{tunnel}/pair/\w+/cancel)"', page.text)
    assert secret and back, page.text
    return secret[1], back[1]


async def test_links_that_wait_are_shown_and_taken_back(desk: Desk) -> None:
    tunnel = desk.tunnels.put("Away", status=ready(desk.clock.now()))
    assert "not used yet" not in words(await desk.get(f"/remote/{tunnel}/pair"))
    pocket, take_back = await made(desk, tunnel, "Pocket")
    tablet, _ = await made(desk, tunnel, "Tablet")
    page = await desk.get(f"/remote/{tunnel}/pair")
    assert "Take back the link for Pocket" in words(page)
    assert f'action="/nexus{take_back}"' in page.text
    assert pocket not in page.text  # it is shown once
    for _ in range(2):  # the second click of a double one
        assert desk.to(await desk.post(take_back)) == f"/remote/{tunnel}/pair"
    with pytest.raises(PairingGone):
        desk.hub.pairing.look(pocket)
    assert desk.hub.pairing.look(tablet).name == "Tablet"
    left = words(await desk.get(f"/remote/{tunnel}/pair"))
    assert "the link for Tablet" in left
    assert "the link for Pocket" not in left
    desk.clock.advance(301)
    assert "the link for" not in words(await desk.get(f"/remote/{tunnel}/pair"))

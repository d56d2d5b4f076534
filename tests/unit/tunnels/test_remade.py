# SPDX-License-Identifier: MIT
"""A tunnel over `auto` that comes to http2 is made once more, and nobody hears of the first one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.edge.tunnel import Tunnel
from tests.fakes import tiny_cloudflared
from tests.fakes.manager import ManagerUnderTest, code, noted

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ManagerUnderTest]:
    rig = ManagerUnderTest(tmp_path, tiny_cloudflared.install(tmp_path))
    await rig.open()
    rig.origins.unix = tmp_path / "hub.sock"
    yield rig
    await rig.close()
    assert rig.carriers() == []


async def test_its_address_is_told_once_it_will_stay(rig: ManagerUnderTest) -> None:
    answered: list[frozenset[str]] = []
    rig.bus.listen(lambda _: answered.append(rig.manager.hostnames()))
    tunnel_id = await rig.add(protocol="auto")
    await rig.manager.start_tunnel(tunnel_id)
    ready = await rig.until_state(tunnel_id, "ready")
    assert ready.url == f"https://{tiny_cloudflared.NAME}"
    told = [info.status for info in rig.infos]
    first = [status for status in told if status.pid not in (None, ready.pid)]
    assert [code(status) for status in first][-1] == "tunnel-quic-blocked"
    assert {(status.url, status.hostnames) for status in first} == {(None, ())}
    before = told[: [status.state for status in told].index("ready")]
    assert {status.state for status in before} <= {"stopped", "starting", "connecting"}
    assert all(status.retry_at is None for status in told)
    assert answered[: len(before)] == [frozenset()] * len(before)
    assert rig.manager.hostnames() == {tiny_cloudflared.NAME}
    await noted(rig, "tunnel-ready")
    assert (len(rig.notes("tunnel-ready")), rig.notes("tunnel-troubled")) == (1, [])


async def test_one_with_a_name_of_its_own_is_made_anew_after_each_end(rig: ManagerUnderTest) -> None:
    """Its address is the same again, which says nothing of how it is connected."""
    file = rig.root / "credentials.json"
    file.write_text(json.dumps(Tunnel([]).credentials))
    chosen = {"kind": "config", "protocol": "auto", "hostname": "code.example.com", "credentials": str(file)}
    tunnel_id = await rig.add(**chosen)
    await rig.manager.start_tunnel(tunnel_id)
    for _ in range(2):
        ready = await rig.until_state(tunnel_id, "ready")
        (row,) = rig.store.runs()
        assert row.origin == f"http://127.0.0.1:{rig.origins.port}"
        assert ready.pid is not None
        psutil.Process(ready.pid).kill()
        await rig.until(tunnel_id, lambda status: status.state != "ready")

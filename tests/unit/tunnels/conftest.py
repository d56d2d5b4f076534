# SPDX-License-Identifier: MIT
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from opencode_nexus.secrets.redact import Secret
from tests.fakes import tiny_cloudflared
from tests.fakes.cloudflare_api import CloudflareApi
from tests.fakes.manager import ManagerUnderTest
from tests.unit.tunnels.cloud_world import World


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """Every log line down to the HTTP library's own is captured, and so searched for the tokens."""
    caplog.set_level(logging.DEBUG)
    with CloudflareApi() as api:
        account = api.account("Ada's account")
        zone = api.zone("example.com", account)
        yield World(api, account, zone, Secret(api.token()), [], [])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ManagerUnderTest]:
    """A manager whose cloudflared starts at once; nothing is left of it at the end."""
    rig = ManagerUnderTest(tmp_path, tiny_cloudflared.install(tmp_path))
    await rig.open()
    yield rig
    await rig.manager.close()
    left = rig.carriers(), rig.store.runs()
    await rig.db.close()
    assert left == ([], [])

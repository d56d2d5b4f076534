# SPDX-License-Identifier: MIT
"""A fleet of its own for each test, with a stand-in that starts at once; nothing it started is left at the end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.processes.backoff import Backoff
from tests.fakes import tiny_opencode
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.fleet_look import marked_with


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[FleetUnderTest]:
    rig = FleetUnderTest(tmp_path, tiny_opencode.install(tmp_path))
    rig.backoff = Backoff(first=0.01, longest=0.02)
    await rig.open()
    yield rig
    rig.on_stop = "stop"
    await rig.close()
    (tmp_path / "project" / "tiny.json").unlink(missing_ok=True)
    assert marked_with(rig) == []

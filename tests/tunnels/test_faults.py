# SPDX-License-Identifier: MIT
"""Faults of tunnels with the genuine cloudflared; `make soak` runs the slow ones too, and all of them many times."""

from pathlib import Path

import pytest

from tests.edge.edge import Edge
from tests.tunnels.faults import FAULTS, NOW
from tests.tunnels.ground import ground


@pytest.mark.anyio
@pytest.mark.parametrize("name", NOW)
async def test_it_is_told_and_mended(name: str, tmp_path: Path, cloudflared: Path, edge: Edge) -> None:
    async with ground(tmp_path, cloudflared, edge) as made:
        await FAULTS[name](made)

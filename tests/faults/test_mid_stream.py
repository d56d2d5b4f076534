# SPDX-License-Identifier: MIT
"""Each fault at three seeded moments of a streaming turn; `make soak` runs twenty and more."""

import pytest

from tests.faults.scenarios import SCENARIOS, moments
from tests.faults.stage import Stage

SEED, TIMES = 1, 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "moment"), [(name, moment) for name in SCENARIOS for moment in moments(name, TIMES, SEED)]
)
async def test_nothing_is_lost_or_doubled(stage: Stage, name: str, moment: float) -> None:
    await SCENARIOS[name](stage, moment)

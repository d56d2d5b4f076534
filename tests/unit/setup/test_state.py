# SPDX-License-Identifier: MIT
import json
from typing import Any

import pytest

from opencode_nexus.setup.state import PAGES, STEP_OF, STEPS, Plan, State, after, before

pytestmark = pytest.mark.anyio


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def set(self, key: str, value: Any) -> None:
        self.values[key] = json.loads(json.dumps(value))


async def test_the_plan_survives_and_going_back_takes_nothing_away() -> None:
    memory = Memory()
    state = State(memory)
    assert state.plan == Plan()
    await state.reach("owner")
    await state.change(project="/p", practice=True)
    await state.reach("check")
    assert State(memory).plan == Plan(reached="owner", project="/p", practice=True)


async def test_a_plan_of_another_version_is_read() -> None:
    memory = Memory()
    memory.values["setup"] = {"reached": "remote", "unheard_of": 1}
    assert State(memory).plan == Plan(reached="remote")


def test_six_steps_in_order() -> None:
    assert len(STEPS) == 6
    assert [STEP_OF[page] for page in PAGES] == sorted(STEP_OF.values())
    assert set(STEP_OF.values()) == set(range(1, 7))
    assert [before(page) for page in PAGES] == [None, *PAGES[:-1]]
    assert [after(page) for page in PAGES] == [*PAGES[1:], "finish"]

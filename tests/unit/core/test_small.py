# SPDX-License-Identifier: MIT
import asyncio
import importlib
import logging
import pkgutil

import pytest

import opencode_nexus
from opencode_nexus.core.clock import ManualClock, SystemClock
from opencode_nexus.core.errors import NexusError, NotFound, all_errors
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.core.tasks import Tasks


def test_ids_sort_by_time_and_tokens_have_256_bits() -> None:
    first = new_id("srv")
    assert first.startswith("srv_") and len(first) == 24
    assert len({new_id("srv") for _ in range(1000)}) == 1000
    assert new_id("srv")[:11] >= first[:11]
    assert len(new_token()) == 43 and new_token() != new_token()


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock(100.0)
    clock.advance(5)
    clock.jump(-50)
    assert (clock.now(), clock.monotonic()) == (55.0, 5.0)
    system = SystemClock()
    assert system.now() > 1_700_000_000 and system.monotonic() >= 0


def test_an_error_is_a_problem_document() -> None:
    error = NotFound("No server srv_1.", hint="Look at the list.", server="srv_1")
    assert error.problem() == {
        "type": "urn:opencode-nexus:problem:not-found", "title": NotFound.title, "status": 404,
        "detail": "No server srv_1.", "code": "not-found", "hint": "Look at the list.", "server": "srv_1",
    }  # fmt: skip
    assert str(error) == f"{NotFound.title} No server srv_1."
    assert NotFound.hint != "Look at the list."


def test_error_codes_are_unique_in_the_tree() -> None:
    for module in pkgutil.walk_packages(opencode_nexus.__path__, "opencode_nexus."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    codes = [cls.code for cls in all_errors()]
    assert NexusError in all_errors()
    assert len(codes) == len(set(codes))


@pytest.mark.anyio
async def test_tasks_end_together_and_log_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()

    async def fail() -> None:
        raise RuntimeError("boom")

    ended = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with caplog.at_level(logging.ERROR):
        task = tasks.spawn(fail(), "the failing one")
        tasks.spawn(forever(), "the long one")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert "the failing one failed" in caplog.text
    await tasks.close()
    assert ended.is_set()

# SPDX-License-Identifier: MIT
"""When self tests are made, and what their results lead to."""

import asyncio
from collections.abc import Iterator

import pytest

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.tunnels import visits as module
from opencode_nexus.tunnels.health import Finding
from opencode_nexus.tunnels.status import SelfTest, Verdict
from opencode_nexus.tunnels.visits import Visits

pytestmark = pytest.mark.anyio
URL = "https://a.example.com"


class Rig:
    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts: Iterator[Verdict] = iter(verdicts)
        self.go, self.asked, self.told = asyncio.Event(), 0, 0
        self.closed: list[Finding] = []
        self.tasks = Tasks()
        self.visits = Visits(self.test, self.tasks, SystemClock(), self.tell, self.closed.append)

    def tell(self) -> None:
        self.told += 1

    async def test(self, url: str) -> SelfTest:
        assert url == URL
        self.asked += 1
        await self.go.wait()
        return SelfTest(1.0, next(self.verdicts), (), detail="GET /x")


async def test_one_visit_at_a_time_and_it_outlives_who_asked() -> None:
    rig = Rig("passed")
    first, second = asyncio.create_task(rig.visits.visit(URL)), asyncio.create_task(rig.visits.visit(URL))
    await asyncio.sleep(0.01)
    assert rig.visits.under_way and rig.asked == 1
    first.cancel()
    rig.go.set()
    assert (await second).verdict == "passed"
    assert rig.visits.result == await second and not rig.visits.under_way and rig.told == 2


async def test_without_an_address_nothing_is_known() -> None:
    assert (await Rig().visits.visit(None)).verdict == "not verified"


async def test_it_is_tried_again_until_the_address_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", (0.01, 0.01, 0.01))
    rig = Rig("not verified", "not verified", "partly", "passed")
    rig.go.set()
    rig.visits.begin(URL)
    async with asyncio.timeout(10):
        while rig.visits.result is None or rig.visits.result.verdict != "partly":
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert rig.asked == 3 and rig.closed == []


async def test_an_open_route_closes_the_tunnel() -> None:
    rig = Rig("open")
    rig.go.set()
    await rig.visits.visit(URL)
    (finding,) = rig.closed
    assert finding.state == "failed" and finding.problem is not None
    assert (finding.problem.code, finding.problem.detail) == ("tunnel-open", "GET /x")


async def test_a_tunnel_that_is_closed_meanwhile() -> None:
    rig = Rig("open")
    rig.visits.begin(URL)
    asked = asyncio.create_task(rig.visits.visit(URL))
    await asyncio.sleep(0.01)
    rig.visits.end()
    assert (await asked).verdict == "not verified"
    assert rig.visits.result is None and rig.closed == [] and not rig.visits.under_way

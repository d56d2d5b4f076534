# SPDX-License-Identifier: MIT
"""Alerts: opened after their time, closed after a calm, never on and off; rules chosen by people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe import alerts as module
from opencode_nexus.observe.alert_rules import RULES, RuleUnknown, RuleUnusable
from opencode_nexus.observe.alerts import CALM, LONGEST_CALM, Alerts, Reading
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.alerts import AlertRows
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv

pytestmark = pytest.mark.anyio


class Scene:
    def __init__(self, db: Database) -> None:
        self.db, self.clock, self.tasks = db, ManualClock(), Tasks()
        self.bus = Bus(self.clock)
        self.activity = Activity(db, self.bus, self.clock)
        self.now: list[Reading] = []
        self.told: list[dict[str, Any]] = []
        self.bus.listen(lambda record: self.told.append(record.data), "alert")  # type: ignore[arg-type]
        self.begin()

    def begin(self) -> None:
        """A hub starts."""
        self.alerts = Alerts(
            rows=AlertRows(self.db), kv=Kv(self.db), readings=lambda: self.now, bus=self.bus, clock=self.clock,
            tasks=self.tasks, activity=self.activity,
        )  # fmt: skip
        self.alerts.open()

    async def see(
        self, value: float | None, seconds: float = 0, rule: str = "machine-memory", subject: str = ""
    ) -> None:
        """`value` for so long, looked at every 10 seconds."""
        self.now = [Reading(rule, subject, subject or "machine", value, f"It is {value}.")]
        await self.alerts.judge()
        for _ in range(int(seconds // 10)):
            self.clock.advance(10)
            await self.alerts.judge()

    @property
    def open(self) -> list[str]:
        return [alert.rule for alert in self.alerts.all()]

    @property
    def changes(self) -> list[bool]:
        return [told["open"] for told in self.told]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    made = Scene(db)
    yield made
    made.alerts.close()
    await made.tasks.close()
    await db.close()


async def test_opens_after_its_time_and_is_over_after_a_calm_well_below(scene: Scene) -> None:
    await scene.see(95, 110)
    assert not scene.open  # two minutes are asked for
    await scene.see(50)
    await scene.see(95, 110)
    assert not scene.open  # the time began anew
    await scene.see(95, 10)
    assert scene.open == ["machine-memory"]
    await scene.see(88, 600)  # below 90, and not below 95 % of that
    assert scene.open
    await scene.see(80, CALM - 10)
    assert scene.open
    await scene.see(88)
    await scene.see(80, CALM - 10)
    assert scene.open  # the calm began anew
    await scene.see(80, 10)
    assert not scene.open
    assert scene.changes == [True, False]
    lines = [(row.kind, row.level) for row in scene.activity.find(groups=["alert"])]
    assert lines == [("alert-closed", "success"), ("alert-opened", "warning")]
    assert scene.told[0]["detail"] == "It is 95. It is told from 90 % on, after 2 minutes."


async def test_what_comes_back_again_and_again_is_told_ever_more_seldom(scene: Scene) -> None:
    await scene.alerts.set_rule("machine-memory", minutes=0)
    for _ in range(6 * 60 // 2):  # six hours of a minute bad, a minute calm
        await scene.see(95, 50)
        await scene.see(50, 70)
    assert scene.changes.count(True) <= 6 * 2  # without the longer calm it is 180
    assert LONGEST_CALM < module.HOUR


async def test_not_known_neither_opens_nor_closes(scene: Scene) -> None:
    await scene.see(95, 60)
    await scene.see(None, 30)
    await scene.see(95, 30)
    assert scene.open
    await scene.see(None, 600)
    assert scene.open


async def test_what_it_is_about_goes_and_the_alert_with_it(scene: Scene) -> None:
    await scene.see(1, 70, "server-silent", "srv_1")
    assert (scene.told[0]["server_id"], scene.told[0]["title"]) == ("srv_1", "srv_1 does not answer")
    scene.now = []
    await scene.alerts.judge()
    assert not scene.open
    assert scene.changes == [True, False]
    assert AlertRows(scene.db).all() == []


async def test_a_tunnel_is_named_as_one(scene: Scene) -> None:
    await scene.see(1, 130, "tunnel-down", "tun_1")
    assert (scene.told[0]["server_id"], scene.told[0]["tunnel_id"]) == ("", "tun_1")
    (row,) = scene.activity.find(server_id="tun_1")
    assert row.level == "error"


async def test_an_alert_outlives_the_hub_and_is_told_once(scene: Scene) -> None:
    await scene.see(95, 120)
    (before,) = scene.alerts.all()
    await scene.db.write(lambda connection: None)  # what was posted is written
    scene.alerts.close()
    scene.begin()
    assert scene.alerts.all() == [before]
    await scene.see(95, 600)
    assert scene.alerts.get(before.id) == before
    assert scene.changes == [True]
    await scene.see(50, 120)
    assert scene.changes == [True, False]


async def test_rules_are_chosen_and_what_is_off_is_closed(scene: Scene) -> None:
    await scene.alerts.set_rule("machine-memory", threshold=50)
    await scene.see(60, 120)
    assert scene.open
    await scene.alerts.set_rule("machine-memory", on=False)
    await scene.see(60, 120)
    assert not scene.open
    chosen = scene.alerts.rule("machine-memory")
    assert (chosen.on, chosen.threshold, chosen.minutes) == (False, 50, 2)
    text = scene.activity.find(groups=["alert"])[0].text
    assert text == "The rule was switched off: memory is nearly used up."


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("machine-memory", {"threshold": 101}), ("machine-memory", {"threshold": 0}),
        ("machine-memory", {"threshold": float("nan")}), ("machine-memory", {"minutes": -1}),
        ("machine-memory", {"minutes": float("inf")}), ("server-silent", {"threshold": 1}), ("budget", {"minutes": 1}),
    ],
)  # fmt: skip
async def test_figures_that_a_rule_cannot_have(scene: Scene, rule: str, given: dict[str, float]) -> None:
    with pytest.raises(RuleUnusable):
        await scene.alerts.set_rule(rule, **given)  # type: ignore[arg-type]


async def test_a_rule_that_there_is_not(scene: Scene) -> None:
    with pytest.raises(RuleUnknown):
        await scene.alerts.set_rule("nothing", on=True)


async def test_there_is_an_end_to_how_many_are_open(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    await scene.alerts.set_rule("server-silent", minutes=0)
    scene.now = [Reading("server-silent", f"srv_{n}", f"s{n}", 1.0, "") for n in range(9)]
    await scene.alerts.judge()
    assert len(scene.open) == 3


async def test_a_full_disk_keeps_no_alert_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(scene.activity, "add", broken)
    await scene.see(99, 120, "machine-disk")
    assert scene.open == ["machine-disk"]
    assert scene.changes == [True]


def test_every_rule_is_over_at_some_figure_that_did_not_open_it() -> None:
    for rule in RULES:
        assert 0 < rule.back <= 1, rule.id
        assert rule.threshold is None or 0 < rule.threshold <= rule.most, rule.id
        assert rule.threshold is not None or not rule.unit, rule.id

# SPDX-License-Identifier: MIT
"""Alerts: opened when something has been wrong for long enough, closed by themselves when it is right again.

Two things keep one from going on and off: it is over only well below its threshold (`Rule.back`), and only after a calm
minute; each time that it came back within an hour the calm must be twice as long, half an hour at most.
"""

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.alert_rules import BY_ID, RULES, Chosen, Rule, checked, chosen_of, rule_of
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.alerts import AlertRow, AlertRows
from opencode_nexus.store.kv import Kv

log = logging.getLogger(__name__)

KEY = "alerts"  # the name under which the chosen figures are kept
CALM, LONGEST_CALM = 60.0, 1800.0  # seconds without the cause until an alert is over
HOUR = 3600.0  # seconds that a closing is remembered
MOST_OPEN = 200  # alerts at a time: what breaks all servers at once is one fault

Why = Literal["over", "gone", "off"]
WHY: dict[Why, str] = {"over": "It is over", "gone": "What it was about is gone", "off": "The rule was switched off"}
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure now: of which rule and of whom (`subject`: id, "" for the machine; `name` for people).

    `value` is in the rule's unit, for a rule without a threshold 1 when it is so and 0 when not; None: not known, which
    neither opens nor closes anything. `said` says it in a sentence. What there is no reading of is gone.
    """

    rule: str
    subject: str
    name: str
    value: float | None
    said: str


@dataclass(slots=True)
class Case:
    """What is remembered of one rule and one subject; times are monotonic seconds."""

    alert: AlertRow | None = None
    bad_since: float | None = None
    calm_since: float | None = None
    closings: list[float] = field(default_factory=list)


class Alerts:
    """Judges after each pass of the sampler; publishes bus topic "alert" when one opens or closes."""

    def __init__(
        self,
        *,
        rows: AlertRows,
        kv: Kv,
        readings: Callable[[], Iterable[Reading]],
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        activity: Activity,
    ) -> None:
        self._rows, self._kv, self._readings = rows, kv, readings
        self._bus, self._clock, self._tasks, self._activity = bus, clock, tasks, activity
        self._cases: dict[Key, Case] = {}
        self._judging = False
        self._unlisten: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Take up what an earlier hub left open, and judge from now on."""
        for row in self._rows.all():
            if row.rule in BY_ID:
                self._cases[row.rule, row.subject] = Case(row)
            else:  # a rule that there is no more
                self._rows.forget(row.id)
        self._unlisten = self._bus.listen(lambda record: self._begin(), "usage")

    def close(self) -> None:
        """Judge no more; what is open stays."""
        self._unlisten()

    # What they are

    def all(self) -> list[AlertRow]:
        """Those that are open, the newest first."""
        found = [case.alert for case in self._cases.values() if case.alert is not None]
        return sorted(found, key=lambda alert: (-alert.at, alert.id))

    def get(self, alert_id: str) -> AlertRow | None:
        """One open alert, or None."""
        return next((alert for alert in self.all() if alert.id == alert_id), None)

    def rules(self) -> list[Chosen]:
        """All rules as they are wanted."""
        kept = self._kv.get(KEY, {})
        return [chosen_of(rule, kept.get(rule.id, {})) for rule in RULES]

    def rule(self, rule_id: str) -> Chosen:
        """One rule as it is wanted; raises RuleUnknown."""
        return chosen_of(rule_of(rule_id), self._kv.get(KEY, {}).get(rule_id, {}))

    async def set_rule(
        self, rule_id: str, *, on: bool | None = None, threshold: float | None = None, minutes: float | None = None
    ) -> Chosen:
        """Change a rule, what is None stays; raises RuleUnknown or RuleUnusable. It holds from the next pass on."""
        rule = rule_of(rule_id)
        checked(rule, threshold, minutes)
        given = {"on": on, "threshold": threshold, "minutes": minutes}
        kept = self._kv.get(KEY, {})
        changed = {**kept.get(rule.id, {}), **{name: value for name, value in given.items() if value is not None}}
        await self._kv.set(KEY, {**kept, rule.id: changed})
        self._begin()
        return self.rule(rule_id)

    # What they do

    def _begin(self) -> None:
        if not self._judging:
            self._judging = True
            self._tasks.spawn(self._judge(), "alerts")

    async def _judge(self) -> None:
        try:
            await self.judge()
        finally:
            self._judging = False

    async def judge(self) -> None:
        """Compare all figures with their rules once."""
        chosen = {one.rule.id: one for one in self.rules()}
        seen: set[Key] = set()
        for reading in self._readings():
            key = (reading.rule, reading.subject)
            if chosen[reading.rule].on:
                seen.add(key)
                await self._weigh(key, chosen[reading.rule], reading)
        for key in [key for key in self._cases if key not in seen]:
            case = self._cases[key]
            if case.alert is not None:
                await self._over(case, "gone" if chosen[key[0]].on else "off")
            case.bad_since = case.calm_since = None
            if not self._lately(case):
                del self._cases[key]

    async def _weigh(self, key: Key, chosen: Chosen, reading: Reading) -> None:
        if reading.value is None:
            return
        case, now = self._cases.setdefault(key, Case()), self._clock.monotonic()
        threshold = 1.0 if chosen.threshold is None else chosen.threshold
        if case.alert is None:
            if reading.value < threshold:
                case.bad_since = None
                return
            case.bad_since = now if case.bad_since is None else case.bad_since
            if now - case.bad_since >= 60 * (chosen.minutes or 0.0) and len(self.all()) < MOST_OPEN:
                await self._opened(case, chosen, reading)
        elif reading.value >= threshold * chosen.rule.back:
            case.calm_since = None
        else:
            case.calm_since = now if case.calm_since is None else case.calm_since
            if now - case.calm_since >= min(CALM * 2 ** self._lately(case), LONGEST_CALM):
                await self._over(case, "over")

    def _lately(self, case: Case) -> int:
        """How often it closed within the last hour."""
        now = self._clock.monotonic()
        case.closings = [at for at in case.closings if now - at < HOUR]
        return len(case.closings)

    async def _opened(self, case: Case, chosen: Chosen, reading: Reading) -> None:
        rule: Rule = chosen.rule
        told = f" It is told {chosen.words}." if chosen.words else ""
        case.alert = AlertRow(
            id=new_id("alr"), rule=rule.id, subject=reading.subject, level=rule.level,
            title=rule.title.format(name=reading.name), detail=reading.said + told, at=self._clock.now(),
        )  # fmt: skip
        case.bad_since = case.calm_since = None
        self._rows.put(case.alert)
        await self._tell(case.alert, True, "alert-opened", f"{case.alert.title}. {reading.said}")

    async def _over(self, case: Case, why: Why) -> None:
        alert, case.alert = case.alert, None
        assert alert is not None
        case.bad_since = case.calm_since = None
        case.closings.append(self._clock.monotonic())
        self._rows.forget(alert.id)
        await self._tell(alert, False, "alert-closed", f"{WHY[why]}: {alert.title[:1].lower()}{alert.title[1:]}.")

    async def _tell(self, alert: AlertRow, is_open: bool, kind: str, text: str) -> None:
        server_id = alert.subject if alert.subject.startswith("srv_") else ""
        tunnel = {"tunnel_id": alert.subject} if alert.subject.startswith("tun_") else {}
        facts: dict[str, Any] = {
            "id": alert.id, "rule": alert.rule, "server_id": server_id, "level": alert.level, "title": alert.title,
            "detail": alert.detail, "open": is_open, **tunnel,
        }  # fmt: skip
        self._bus.publish("alert", facts)
        level: Literal["warning", "error", "success"] = "success"
        if is_open:
            level = "error" if alert.level == "error" else "warning"
        try:
            await self._activity.add(kind, text, level=level, server_id=server_id or None, alert_id=alert.id, **tunnel)
        except Exception:  # a full disk is what it may be about
            log.exception("not in the timeline: %s", text)


def share(used: float | None, total: float | None) -> float | None:
    """Return a share in per cent; None when it is not known."""
    return None if used is None or not total or math.isnan(used) else 100 * used / total

# SPDX-License-Identifier: MIT
"""The table of alert rules: page, API, command and reference are made from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from opencode_nexus.core.errors import BadRequest, NotFound

Level = Literal["warning", "error"]
MOST_MINUTES = 1440.0
MOST = 1e6


class RuleUnknown(NotFound):
    """There is no alert rule of that name."""

    code = "alert-rule-unknown"
    title = "There is no such alert rule."
    hint = "'opencode-nexus alert list' shows them."


class RuleUnusable(BadRequest):
    """A rule was given a figure that it cannot have."""

    code = "alert-rule-unusable"
    title = "The alert rule cannot have that figure."
    hint = "Give numbers, such as 90 for a threshold and 2 for minutes; some rules have only one of them."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as it comes.

    `title` is what an alert says ("{name}": of the server or tunnel), `label` the rule in the settings. It opens when
    its figure has been at `threshold` (in `unit`) or above for `minutes`, and is over below `back` times that. With
    `threshold` None it is about something that is so or not; with `minutes` None it opens at once.
    """

    id: str
    label: str
    title: str
    help: str
    level: Level
    unit: str = ""
    threshold: float | None = None
    most: float = MOST
    back: float = 1.0
    minutes: float | None = None


RULES: tuple[Rule, ...] = (
    Rule(
        "machine-memory", "Memory of the machine", "Memory is nearly used up",
        "Used memory of the whole machine.", "warning", "%", 90.0, 100.0, 0.95, 2.0,
    ),
    Rule(
        "machine-disk", "Disk of the machine", "The disk is nearly full",
        "Used part of the disk that holds the home folder.", "error", "%", 90.0, 100.0, 0.98, 1.0,
    ),
    Rule(
        "server-memory", "Memory of a server", "{name} takes much memory",
        "Memory of one server and all that it started. What a server’s own limits do is set at the server.",
        "warning", "GB", 8.0, MOST, 0.9, 2.0,
    ),
    Rule(
        "opencode-disk", "OpenCode’s files", "OpenCode’s files take much disk",
        "Disk that sessions, snapshots, logs and caches of OpenCode take, of the server with the most.",
        "warning", "GB", 20.0, MOST, 0.95, None,
    ),
    Rule(
        "server-silent", "A server does not answer", "{name} does not answer",
        "It runs, and says nothing.", "error", minutes=1.0,
    ),
    Rule(
        "server-crashing", "A server crashes again and again", "{name} does not stay up",
        "Crashes within ten minutes; also when it is down and not tried again.",
        "error", "crashes", 3.0, 100.0, 1.0, 1.0,
    ),
    Rule(
        "tunnel-down", "A tunnel is down", "The tunnel {name} is down",
        "It is wanted, and nobody gets through.", "error", minutes=2.0,
    ),
    Rule(
        "waiting", "An agent waits for you", "An agent has waited for you for long",
        "Age of the oldest permission or question in the inbox.", "warning", "minutes", 30.0, 10_080.0, 1.0, None,
    ),
    Rule(
        "budget", "Budget of the day", "The budget of the day is nearly used up",
        "What agents took today, of the day’s budget; without a budget it is never told.",
        "warning", "%", 80.0, 100.0, 1.0, None,
    ),
)  # fmt: skip

BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule as a person wants it."""

    rule: Rule
    on: bool
    threshold: float | None
    minutes: float | None

    @property
    def words(self) -> str:
        """When it opens, in words."""
        parts = []
        if self.threshold is not None:
            parts.append(f"from {self.threshold:g} {self.rule.unit} on")
        if self.minutes:
            parts.append(f"after {self.minutes:g} {'minute' if self.minutes == 1 else 'minutes'}")
        return ", ".join(parts)


def rule_of(rule_id: str) -> Rule:
    """Return a rule; raises RuleUnknown."""
    if rule_id not in BY_ID:
        raise RuleUnknown(f"Asked for: {rule_id[:40]!r}. There are {', '.join(BY_ID)}.")
    return BY_ID[rule_id]


def chosen_of(rule: Rule, kept: Mapping[str, Any]) -> Chosen:
    """Return a rule with what was kept for it."""
    return Chosen(
        rule,
        bool(kept.get("on", True)),
        None if rule.threshold is None else float(kept.get("threshold", rule.threshold)),
        None if rule.minutes is None else float(kept.get("minutes", rule.minutes)),
    )


def checked(rule: Rule, threshold: float | None, minutes: float | None) -> None:
    """Raise RuleUnusable for figures that the rule cannot have; None: not given."""
    if threshold is not None:
        if rule.threshold is None:
            raise RuleUnusable(f"{rule.label}: it has no threshold.")
        if not 0 < threshold <= rule.most:
            raise RuleUnusable(f"{rule.label}: its threshold must be above 0 and at most {rule.most:g} {rule.unit}.")
    if minutes is not None:
        if rule.minutes is None:
            raise RuleUnusable(f"{rule.label}: it opens at once, so it has no minutes.")
        if not 0 <= minutes <= MOST_MINUTES:
            raise RuleUnusable(f"{rule.label}: the minutes must be from 0 to {MOST_MINUTES:g}.")

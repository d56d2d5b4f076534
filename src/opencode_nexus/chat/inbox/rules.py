# SPDX-License-Identifier: MIT
"""What was answered "always", kept by the hub.

OpenCode 1.18.33 keeps an "always" in the memory of the folder's instance alone: there is no list of them, none can be
taken back but by disposing the instance (which aborts what runs in it), a restart loses them, and they win even over
what the configuration denies. So the hub keeps them: it answers OpenCode "once" each time, and answers by itself what
a rule allows. A rule so is listed, outlives restarts, is gone the moment it is removed, and never opens what the
configuration denies (OpenCode does not ask for that). While the hub is down, such a request waits for it.
"""

from dataclasses import replace

from opencode_nexus.chat.by import By
from opencode_nexus.chat.errors import RuleUnknown
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.opencode.patterns import matches
from opencode_nexus.opencode.state import Permission
from opencode_nexus.store.rules import RuleRow, RuleRows

Rule = RuleRow  # for those above, who never look into the store


class Rules:
    """All rules, in memory and on the disk. Publishes bus topic "inbox-rules" when they change."""

    def __init__(self, rows: RuleRows, bus: Bus, clock: Clock) -> None:
        self._store, self._bus, self._clock = rows, bus, clock
        self._rules: dict[str, RuleRow] = {}

    def open(self) -> None:
        """Take up those that are kept."""
        self._rules = {row.id: row for row in self._store.all()}

    def all(self) -> list[RuleRow]:
        """Every rule, the newest first."""
        return sorted(self._rules.values(), key=lambda row: (-row.at, row.id))

    async def add(self, server_id: str, directory: str, asked: Permission, by: By) -> list[RuleRow]:
        """Allow from now on, in a folder of a server, what "always" means for `asked`; returns what is new."""
        have = {(rule.server_id, rule.directory, rule.permission, rule.pattern) for rule in self._rules.values()}
        fresh = [
            RuleRow(
                new_id("rule"), server_id, directory, asked.permission, pattern, self._clock.now(),
                by.name, by.device, by.source,
            )
            for pattern in dict.fromkeys(asked.always)
            if (server_id, directory, asked.permission, pattern) not in have
        ]  # fmt: skip
        await self._store.add(fresh)
        self._rules |= {rule.id: rule for rule in fresh}
        self._changed()
        return fresh

    async def remove(self, rule_id: str) -> RuleRow:
        """Take a rule back: what it allowed is asked again from now on. Raises RuleUnknown."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            raise RuleUnknown(f"Asked for: {rule_id[:80]!r}.")
        try:
            await self._store.remove(rule_id)
        except BaseException:
            self._rules[rule_id] = rule  # it would be back after the next start
            raise
        self._changed()
        return rule

    def allowing(self, server_id: str, directory: str, asked: Permission) -> list[RuleRow]:
        """The rules that allow all that is asked; none when anything of it is not allowed."""
        here = [
            rule
            for rule in self._rules.values()
            if (rule.server_id, rule.directory, rule.permission) == (server_id, directory, asked.permission)
        ]
        found: dict[str, RuleRow] = {}
        for pattern in asked.patterns:
            rule = next((rule for rule in here if matches(rule.pattern, pattern)), None)
            if rule is None:
                return []
            found[rule.id] = rule
        return list(found.values())

    def used(self, rules: list[RuleRow]) -> None:
        """Count that they answered something."""
        now = self._clock.now()
        for rule in rules:
            if rule.id in self._rules:
                self._rules[rule.id] = replace(self._rules[rule.id], used=self._rules[rule.id].used + 1, last_used=now)
                self._store.used(rule.id, now)
        self._changed()

    def _changed(self) -> None:
        self._bus.publish("inbox-rules", None)

# SPDX-License-Identifier: MIT
"""What was answered so far, and which page comes next; it survives reloads, restarts and a change of device."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from opencode_nexus.setup.ports import Memory

Page = Literal["welcome", "check", "opencode", "project", "owner", "remote", "finish"]
PAGES: tuple[Page, ...] = ("welcome", "check", "opencode", "project", "owner", "remote", "finish")
STEPS: tuple[str, ...] = ("Welcome", "System check", "OpenCode", "Owner account", "Remote access", "Finish")
STEP_OF: dict[Page, int] = {
    "welcome": 1, "check": 2, "opencode": 3, "project": 3, "owner": 4, "remote": 5, "finish": 6,
}  # fmt: skip

Way = Literal["", "found", "path", "bring"]
Remote = Literal["later", "quick", "token"]
REMOTES: tuple[Remote, ...] = ("later", "quick", "token")

_KEY = "setup"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted; empty strings are not answered yet. Typed text is kept as it was typed, even when it is
    wrong.

    `way` is how OpenCode is had, `path` what was typed or picked for it; `owner` is a user name, never a
    password. `tunnel` is the id of the tunnel that keeps the token which was pasted.
    """

    reached: Page = "welcome"
    way: Way = ""
    path: str = ""
    project: str = ""
    owner: str = ""
    remote: Remote = "later"
    tunnel: str = ""
    practice: bool = False
    done: bool = False


class State:
    """Reads and keeps the plan."""

    def __init__(self, kv: Memory) -> None:
        self._kv = kv

    @property
    def plan(self) -> Plan:
        stored: dict[str, Any] = self._kv.get(_KEY, {})
        known = {field.name for field in fields(Plan)}
        return Plan(**{name: value for name, value in stored.items() if name in known})

    async def change(self, **values: Any) -> Plan:
        """Keep these parts of the plan and return the whole."""
        plan = replace(self.plan, **values)
        await self._kv.set(_KEY, asdict(plan))
        return plan

    async def reach(self, page: Page) -> Plan:
        """Let `page` be opened from now on; never takes back what was reached."""
        plan = self.plan
        return plan if PAGES.index(plan.reached) >= PAGES.index(page) else await self.change(reached=page)


def before(page: Page) -> Page | None:
    """Return the page that Back leads to; None on the first."""
    place = PAGES.index(page)
    return PAGES[place - 1] if place else None


def after(page: Page) -> Page:
    """Return the page that follows; the last one follows itself."""
    return PAGES[min(PAGES.index(page) + 1, len(PAGES) - 1)]

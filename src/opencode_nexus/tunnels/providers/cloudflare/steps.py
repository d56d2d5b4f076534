# SPDX-License-Identifier: MIT
"""What is wished, what has been made of it, and the steps as a person sees them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Literal

from opencode_nexus.secrets.redact import Secret

StepState = Literal["running", "done", "failed", "left"]

TEXTS = {
    "check": "Look whether the domain and the names are free",
    "tunnel": "Make the tunnel",
    "ingress": "Lead the public name through it to this hub",
    "dns": "Make the DNS record",
    "token": "Fetch the tunnel's own token",
    "delete-dns": "Delete the DNS record",
    "delete-tunnel": "Delete the tunnel",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A tunnel to make. `zone` is a zone's id; empty: the one that `hostname` lies in, and `account` the zone's."""

    name: str
    hostname: str
    service: str
    account: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What exists at Cloudflare because we made it; an id that is empty: not (yet, or any more).

    `asked` is the name under which the tunnel was asked for, until all is made: it may be there though its id is not
    known.
    """

    account: str
    zone: str
    hostname: str
    tunnel_id: str = ""
    record: str = ""
    token: Secret | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. "left": it was not deleted, for the reason in `detail`."""

    name: str
    text: str
    state: StepState
    detail: str = ""


Report = Callable[[Step, Made], Awaitable[None]]


async def nothing_told(step: Step, made: Made) -> None:
    """A report that nobody hears."""


class Steps:
    """The steps so far, newest last, and `made`, told on at each change."""

    def __init__(self, made: Made, report: Report) -> None:
        self.made = self._told = made
        self._report = report
        self._steps: dict[str, Step] = {}

    async def tell(self, name: str, state: StepState, detail: str = "") -> None:
        """A step is in `state` now."""
        step = self._steps[name] = Step(name, TEXTS[name], state, detail)
        await self._tell(step)

    async def settled(self) -> None:
        """No step follows: tell what exists, should it be other than was told with the last one."""
        if self.made != self._told:
            await self._tell(self.all()[-1])

    async def _tell(self, step: Step) -> None:
        self._told = self.made
        await self._report(step, self.made)

    @asynccontextmanager
    async def taken(self, name: str) -> AsyncIterator[None]:
        """Around a step: it runs, and is done, or failed with the error's words."""
        await self.tell(name, "running")
        try:
            yield
        except BaseException as error:
            await self.tell(name, "failed", str(error) or type(error).__name__)
            raise
        if self._steps[name].state == "running":
            await self.tell(name, "done")

    def now(self, **ids: str | Secret | None) -> None:
        """Note what exists from now on; told with the next step."""
        self.made = replace(self.made, **ids)  # type: ignore[arg-type] # the names are Made's own

    def all(self) -> tuple[Step, ...]:
        """All steps, in the order in which they began."""
        return tuple(self._steps.values())

    def data(self) -> list[dict[str, object]]:
        """The same for a problem document."""
        return [asdict(step) for step in self._steps.values()]

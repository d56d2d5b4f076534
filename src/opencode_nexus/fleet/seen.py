# SPDX-License-Identifier: MIT
"""A server as it is seen: what it is in, since when and why, and the process it runs as."""

import logging
from dataclasses import dataclass
from typing import cast

from opencode_nexus.fleet.environment import USERNAME
from opencode_nexus.fleet.limits import Limits
from opencode_nexus.fleet.run import Run
from opencode_nexus.fleet.state import Kind, ServerAccess, ServerState, State
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.store.activity import Level
from opencode_nexus.store.servers import RestartRow, ServerRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server that runs elsewhere and answers: how to talk to it, its version, and the features that it has not."""

    access: ServerAccess
    version: str
    missing: tuple[str, ...]


class Seen:
    """One server as it is wanted (`row`) and as it is; `run` is None while it has no process of ours, `elsewhere` while
    it is not connected to, or runs here.
    """

    def __init__(self, row: ServerRow, around: Surroundings) -> None:
        self.row = row
        self.run: Run | None = None
        self.elsewhere: Elsewhere | None = None
        self.adopted = False
        self.state: State = "stopped"
        self.reason = ""
        self.lines: tuple[str, ...] = ()
        self.retry_at: float | None = None
        self.planned = ""
        self._around, self._clock = around, around.runs.clock
        self._since = self._clock.now()

    def now(self) -> ServerState:
        """Return the server as it is now."""
        run, row, now, elsewhere = self.run, self.row, self._clock.now(), self.elsewhere
        crashes = self._around.runs.store.crashes(row.id, now - self._around.backoff.window)
        return ServerState(
            id=row.id,
            name=row.name,
            projects=row.projects,
            state=self.state,
            pid=run.process.pid if run else None,
            started=run.process.identity.created if run else None,
            port=run.row.port if run else None,
            version=run.row.version if run else elsewhere.version if elsewhere else None,
            since=self._since,
            reason=self.reason,
            last_lines=self.lines,
            adopted=self.adopted or row.kind != "local",
            autostart=row.autostart,
            restarts=len(crashes),
            retry_at=self.retry_at,
            kind=cast(Kind, row.kind),
            address=row.address,
            missing=elsewhere.missing if elsewhere else (),
            environment=tuple(row.environment),
            arguments=row.arguments,
            wanted_version=row.version,
            limits=Limits.of(row.limits),
            changed=run is not None and run.row.revision != row.revision,
            planned=self.planned,
            position=row.position,
        )

    def access(self) -> ServerAccess | None:
        """Return how to talk to it; None unless it runs."""
        if self.state == "running" and self.elsewhere is not None:
            return self.elsewhere.access
        if self.run is None or self.state != "running":
            return None
        return ServerAccess(f"http://127.0.0.1:{self.run.row.port}", USERNAME, self.run.password)

    def tell(self) -> None:
        """Publish the state."""
        self._around.bus.publish("server", self.now())

    def become(
        self, state: State, reason: str = "", lines: tuple[str, ...] = (), retry_at: float | None = None
    ) -> None:
        """Change the state, and tell."""
        if state != self.state:
            self._since = self._clock.now()
        if state != "running":
            self.planned = ""  # whatever a restart was to bring, it comes now
        self.state, self.reason, self.lines, self.retry_at = state, reason, lines, retry_at
        self.tell()

    def plan(self, why: str) -> None:
        """Note why it is restarted as soon as it is idle ("": it is not), and tell."""
        if why != self.planned:
            self.planned = why
            self.tell()

    async def keep_restart(self, why: str) -> None:
        """Keep that the process it runs as is to give way to another, so that a hub killed before that loses nothing.

        To be forgotten when it is no longer wanted; the next process forgets it by itself.
        """
        if self.run is None:
            return
        try:
            await self._around.runs.store.plan_restart(RestartRow(self.row.id, self.run.row.start_id, why))
        except Exception:  # a full disk, say: it is restarted even when that cannot be written down
            log.exception("the restart of %s was not kept", self.row.id)

    def forget_restart(self) -> None:
        """Forget a restart that was kept."""
        self._around.runs.store.drop_restart(self.row.id)

    def named(self, reason: str) -> str:
        """Return a reason, which speaks of OpenCode, with the server's name instead."""
        said = reason.removeprefix("OpenCode ")
        return f"{self.row.name}: {reason}" if said == reason else f"{self.row.name} {said}"

    async def note(self, kind: str, text: str, level: Level = "info") -> None:
        """Add a line to the activity list."""
        try:
            await self._around.activity.add(kind, text, level=level, server_id=self.row.id)
        except Exception:  # a full disk, say: it is so even when it cannot be written down
            log.exception("not noted: %s", text)

# SPDX-License-Identifier: MIT
"""A hub with its inbox, on a real OpenCode."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from opencode_nexus.chat.by import By
from opencode_nexus.chat.inbox.accepting import Accepting
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.desk import InboxDesk
from opencode_nexus.chat.inbox.row import Ended, Row
from opencode_nexus.chat.inbox.rules import Rules
from opencode_nexus.chat.inbox.turns import Turns
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.secrets.redact import redact
from opencode_nexus.store.accepting import AcceptingRows
from opencode_nexus.store.audit import Audit
from opencode_nexus.store.inbox import InboxRows
from opencode_nexus.store.rules import RuleRows
from tests.contract.conftest import Hub

ANNA = By("anna", "Firefox on Linux", "192.0.2.1")


class DeskHub(Hub):
    """As `app.py` puts it together. `watched` are the sessions that a browser shows."""

    watched: set[str]
    blind = ""

    def prepare(self) -> None:
        clock, db, bus = SystemClock(), self.db, self.bus
        self.watched = set()
        self.audit = Audit(db)
        book = InboxBook(InboxRows(db), bus, clock, redact)
        self.desk = InboxDesk(
            chat=self.chat, servers=self.servers, book=book, rules=Rules(RuleRows(db), bus, clock), audit=self.audit,
            accepting=Accepting(AcceptingRows(db), bus, clock), bus=bus, clock=clock, tasks=self.tasks, redact=redact,
        )  # fmt: skip
        self.ended_turns = Turns(
            chat=self.chat, servers=self.servers, book=book, bus=bus, clock=clock, tasks=self.tasks,
            watched=lambda server_id, session_id: session_id in self.watched,
        )  # fmt: skip
        self.chat.feeds.listeners.add(self.desk)
        self.chat.feeds.listeners.add(self.ended_turns)
        self.desk.open()

    def below(self, parent: str, title: str) -> str:
        """A session of a sub-agent, made over the API: the task tool of this version makes one level only."""
        info = {"parentID": parent, "title": title}
        return str(self.opencode.call(f"/session?directory={self.opencode.project}", info)["id"])

    @staticmethod
    def script(*steps: list[dict[str, Any]]) -> str:
        """The steps as a sub-agent's prompt has them."""
        return json.dumps(steps)

    async def start_blind(self, state: str = "running") -> None:
        """Begin anew, with a server of which nobody has heard yet."""
        self.blind = state
        try:
            await self.start()
        finally:
            self.blind = ""

    def server_runs(self, *, adopted: bool = False) -> None:
        self.ended_turns.open()  # as late as in app.py: when the journal is open
        if self.blind:
            self.servers.seen = replace(self.servers.seen, state=self.blind)
        else:
            super().server_runs(adopted=adopted)

    async def settled(self) -> None:
        if not self.blind:
            await super().settled()

    async def heard(self) -> None:
        if not self.blind:
            await super().heard()

    async def stop(self) -> None:
        self.ended_turns.close()
        self.desk.close()
        await super().stop()

    async def row(self, what: Callable[[Row], object], why: str = "a row") -> Row:
        """The row for which `what` is true, once there is one."""
        try:
            await self.until(lambda: any(what(row) for row in self.desk.rows()), why)
        except AssertionError as error:
            ended = [(one.row.detail, one.how) for one in self.desk.ended()]
            raise AssertionError(f"{error}; {self.desk.rows()}, ended {ended}, OpenCode asks {self.asked()}") from error
        return next(row for row in self.desk.rows() if what(row))

    async def end(self, row_id: str) -> Ended:
        """How a row ended, once it did."""
        await self.until(lambda: any(one.row.id == row_id for one in self.desk.ended()), f"the end of {row_id}")
        return next(one for one in self.desk.ended() if one.row.id == row_id)

    def asked(self, directory: str = "") -> list[str]:
        """The ids that OpenCode itself lists as waiting."""
        folder = directory or str(self.opencode.project)
        return [one["id"] for one in self.opencode.call(f"/permission?directory={folder}")]


def touch(name: str, command: str = "touch -c") -> dict[str, Any]:
    """A tool call for which the tests' configuration makes OpenCode ask."""
    return {"tool": "bash", "args": {"command": f"{command} {name}", "description": "x"}}

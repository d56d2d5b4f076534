# SPDX-License-Identifier: MIT
"""Budgets: for each chat and for each day, in dollars, tokens or both. One warns at 80 % and stops at 100 %.

What a step takes is known at its end, so a single step may go beyond a budget. A model without a price costs nothing
that is known, so a budget in dollars never stops it.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.chat.stopping import AbortResult
from opencode_nexus.chat.usage.usage import TokenUsage
from opencode_nexus.core.amounts import dollars
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.errors import BadRequest, Conflict, NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.budgets import BudgetStore, Limits
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import Sums

log = logging.getLogger(__name__)

WARN = 0.8
KEY = "budgets"  # the name under which the common ones are kept
MOST_USD, MOST_TOKENS = 1e9, 10**15

Kind = Literal["chat", "day"]
What = Literal["", "warned", "reached"]


class BudgetReached(Conflict):
    """A budget is used up, so nothing more is sent to a model."""

    code = "budget-reached"
    title = "A budget is used up, so nothing was sent."
    hint = "Raise it on the page Usage, then send again."


class BudgetInvalid(BadRequest):
    """A budget is no amount."""

    code = "budget-invalid"
    title = "That is no budget."
    hint = "Give an amount above zero, such as 5 or 2.50, or leave it empty for no limit."


@dataclass(frozen=True, slots=True)
class State:
    """A budget and what is used of it. `share`: 0.8 is 80 %; None without a budget. `own`: a chat's own one."""

    kind: Kind
    limits: Limits
    used: Sums
    share: float | None
    own: bool = False

    @property
    def what(self) -> What:
        """ "reached", "warned", or "" while there is room."""
        if self.share is None or self.share < WARN:
            return ""
        return "reached" if self.share >= 1 else "warned"

    @property
    def _by_cost(self) -> bool:
        """Whether the limit in dollars is the nearer one."""
        return bool(self.limits.usd) and self.used.cost / (self.limits.usd or 1) == self.share

    @property
    def most(self) -> str:
        """The limit that is nearer, in words."""
        return dollars(self.limits.usd or 0) if self._by_cost else f"{self.limits.tokens or 0:,} tokens"

    @property
    def taken(self) -> str:
        """What is used of that limit, in words."""
        return dollars(self.used.cost) if self._by_cost else f"{self.used.tokens:,} tokens"


class Budgets:
    """All budgets. `check` is a guard of sending, `spent` follows what is answered."""

    def __init__(
        self,
        *,
        store: BudgetStore,
        kv: Kv,
        usage: TokenUsage,
        feeds: Feeds,
        stop: Callable[[str, str], Awaitable[AbortResult]],
        bus: Bus,
        activity: Activity,
        tasks: Tasks,
    ) -> None:
        """`stop` ends what a chat and its sub-agents do."""
        self._store, self._kv, self._usage, self._feeds, self._stop = store, kv, usage, feeds, stop
        self._bus, self._activity, self._tasks = bus, activity, tasks
        self._stopping: set[str] = set()
        usage.followers.append(self.spent)
        feeds.guards.add(self.check)

    # What they are

    def common(self, kind: Kind) -> Limits:
        """The budget of a day, or of each chat that has none of its own."""
        kept = self._kv.get(KEY, {}).get(kind, {})
        return Limits(kept.get("usd"), kept.get("tokens"))

    def of_chat(self, root_id: str) -> State:
        """A chat's budget and what it used, its sub-agents too."""
        own = self._store.own(root_id)
        limits, used = own or self.common("chat"), self._usage.spent(root_id)
        return State("chat", limits, used, _share(limits, used), own is not None)

    def of_day(self) -> State:
        """Today's budget and what all servers used today."""
        limits, used = self.common("day"), self._usage.day(self._usage.today)
        return State("day", limits, used, _share(limits, used))

    def sentence(self, server_id: str, session_id: str) -> str:
        """What a chat has to say of its budgets: "" while there is room."""
        states = (self.of_chat(self._usage.root(server_id, session_id)), self.of_day())
        found = [state for what in ("reached", "warned") for state in states if state.what == what]
        return _sentence(found[0]) if found else ""

    # Changes

    async def set_common(self, kind: Kind, usd: float | None, tokens: int | None) -> None:
        """Set the budget of a day, or of each chat without an own one; raises BudgetInvalid."""
        limits = _checked(usd, tokens)
        kept = {"usd": limits.usd, "tokens": limits.tokens}
        await self._kv.set(KEY, {**self._kv.get(KEY, {}), kind: kept})
        await self._changed("", "")

    async def set_own(self, server_id: str, session_id: str, usd: float | None, tokens: int | None) -> None:
        """Give a chat a budget of its own; both None: none at all, whatever the common one is. Or BudgetInvalid."""
        root_id = self._usage.root(server_id, session_id)
        await self._store.set_own(server_id, root_id, _checked(usd, tokens))
        await self._changed(server_id, root_id)

    async def clear_own(self, server_id: str, session_id: str) -> None:
        """Let the common budget hold for a chat again."""
        root_id = self._usage.root(server_id, session_id)
        await self._store.set_own(server_id, root_id, None)
        await self._changed(server_id, root_id)

    async def _changed(self, server_id: str, root_id: str) -> None:
        self._bus.publish("budget", {"server_id": server_id, "session_id": root_id, "what": "changed", "text": ""})
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": root_id or None})
        for server, session in self._working():
            await self._judge(server, session)

    # What they do

    def check(self, server_id: str, session_id: str) -> None:
        """Raise BudgetReached when the chat, or the day, has used up its budget."""
        for state in (self.of_chat(self._usage.root(server_id, session_id)), self.of_day()):
            if state.what == "reached":
                whose = "this chat" if state.kind == "chat" else "today"
                words = f"The budget of {state.most} for {whose} is used up ({state.taken})."
                raise BudgetReached(words, hint=_hint(state))

    def spent(self, server_id: str, root_id: str) -> None:
        """Something was answered in a chat: see whether a budget is nearly or wholly used up."""
        self._tasks.spawn(self._judge(server_id, root_id), "budget of a chat")

    async def _judge(self, server_id: str, root_id: str) -> None:
        day, chat = self.of_day(), self.of_chat(root_id)
        for state, scope in ((chat, f"chat:{root_id}"), (day, f"day:{self._usage.today}")):
            if state.what and await self._store.mark(scope, state.limits, state.what):
                await self._say(state, server_id, root_id)
        if day.what == "reached":
            for _, session in self._working():
                await self._end(session, day)
        elif chat.what == "reached":
            await self._end(root_id, chat)

    async def _say(self, state: State, server_id: str, root_id: str) -> None:
        text = _sentence(state)
        facts = {"server_id": server_id, "session_id": root_id}
        self._bus.publish("budget", {**facts, "what": state.what, "text": text})
        self._bus.publish("chat-facts", {**facts, "session_id": None if state.kind == "day" else root_id})
        title = self._feeds.feed(server_id).title(root_id)
        line = f"“{title}”: {text}" if title and state.kind == "chat" else text
        level: Literal["error", "warning"] = "error" if state.what == "reached" else "warning"
        await self._activity.add(f"budget-{state.what}", line, level=level, server_id=server_id, session_id=root_id)

    async def _end(self, root_id: str, state: State) -> None:
        """Stop a chat wherever it works, and tell the inbox; asked again as long as it says more."""
        running = [server for server, feed in self._feeds.feeds.items() if feed.running(root_id)]
        if root_id in self._stopping or not running:
            return
        self._stopping.add(root_id)
        try:
            for server_id in running:
                if (await self._stop(server_id, root_id)).stopped:
                    facts = {"server_id": server_id, "session_id": root_id}
                    self._bus.publish("budget", {**facts, "what": "stopped", "text": _sentence(state)})
        except NexusError as error:
            log.warning("%s could not be stopped at the end of its budget: %s", root_id, error)
        finally:
            self._stopping.discard(root_id)

    def _working(self) -> list[tuple[str, str]]:
        """The chats in which something runs now, with their servers."""
        feeds = tuple(self._feeds.feeds.items())
        return [
            pair for server, feed in feeds for pair in dict.fromkeys((server, feed.root(one)) for one in feed.statuses)
        ]


def _checked(usd: float | None, tokens: int | None) -> Limits:
    for value, most in ((usd, MOST_USD), (tokens, MOST_TOKENS)):
        if value is not None and not (math.isfinite(value) and 0 < value <= most):
            raise BudgetInvalid(f"It was {value}.")
    return Limits(usd, tokens)


def _share(limits: Limits, used: Sums) -> float | None:
    shares = [used.cost / limits.usd] if limits.usd else []
    shares += [used.tokens / limits.tokens] if limits.tokens else []
    return max(shares, default=None)


def _sentence(state: State) -> str:
    whose = "this chat" if state.kind == "chat" else "today"
    if state.what == "reached":
        return f"Stopped: the budget of {state.most} for {whose} is used up ({state.taken}). {_hint(state)}"
    percent = math.floor((state.share or 0) * 100)
    return f"{percent} % of the budget of {state.most} for {whose} is used ({state.taken})."


def _hint(state: State) -> str:
    if state.kind == "chat":
        return "Raise it on this chat's page Usage to go on."
    return "Raise it on the page Usage, or go on tomorrow."

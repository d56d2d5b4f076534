# SPDX-License-Identifier: MIT
"""What the pages of usage show, gathered: sums in words, days without a gap, budgets and how full a context is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from opencode_nexus.chat.usage.budgets import State
from opencode_nexus.chat.usage.usage import Fill, cost_of
from opencode_nexus.core.amounts import dollars
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.day_graph import day_graph
from opencode_nexus.web.context import Hub
from opencode_nexus.web.ports import BudgetLimits, UsedAnswer, UsedGroup, UsedSums

PERIODS = {1: "Today", 7: "7 days", 30: "30 days"}
CHATS = 20  # in the list of those that took most
ANSWERS = 50  # on a page of them


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: `name` in words, `href` of a link or "", `note` beside it."""

    name: str
    sums: UsedSums
    cost: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget as shown: `usd` and `tokens` as typed into its form, `most` in words; `state` what is used of it."""

    usd: str
    tokens: str
    most: str
    state: State | None = None

    @property
    def percent(self) -> float | None:
        return None if self.state is None or self.state.share is None else 100 * self.state.share

    @property
    def words(self) -> str:
        """What is used, as it stands beside its bar."""
        return f"{self.state.taken} of {self.state.most}" if self.state else ""


@dataclass(frozen=True, slots=True)
class Overall:
    """The values of `usage.html`. `graph` is None for a single day."""

    period: int
    whole: Row
    days: Sequence[Row]
    models: Sequence[Row]
    projects: Sequence[Row]
    chats: Sequence[Row]
    graph: Markup | None
    drawn: str  # what the bars show


@dataclass(frozen=True, slots=True)
class Context:
    """How full a context is, in words; `percent` None: not known."""

    percent: float | None
    words: str
    model: str


@dataclass(frozen=True, slots=True)
class Said:
    """One answer in the table: `href` its place in the chat ("" when it was removed), `agent` of a sub-agent."""

    answer: UsedAnswer
    cost: str
    href: str
    agent: bool


def cost_words(sums: UsedSums) -> str:
    """What something cost; never "$0.00" for what has no price."""
    known = cost_of(sums)
    if known is None:
        return "no price known" if sums.answers else "–"
    return ("at least " if sums.unpriced else "") + dollars(known)


def _row(group: UsedGroup, name: str = "", href: str = "", note: str = "") -> Row:
    return Row(name or group.key, group.sums, cost_words(group.sums), href, note)


def budget(limits: BudgetLimits, state: State | None = None) -> Budget:
    """Return a budget as shown."""
    usd = "" if limits.usd is None else f"{limits.usd:.6f}".rstrip("0").rstrip(".")
    tokens = "" if limits.tokens is None else str(limits.tokens)
    words = [dollars(limits.usd)] if limits.usd is not None else []
    words += [f"{limits.tokens:,} tokens"] if limits.tokens is not None else []
    return Budget(usd, tokens, " or ".join(words) or "no limit", state)


def context_of(fill: Fill) -> Context:
    """Return how full a context is as shown."""
    if fill.summed_up:
        words = "Not known until the next answer: what was said before was just summed up."
        return Context(None, words, fill.model)
    if fill.tokens is None:
        return Context(None, "Not known: nothing was answered here yet.", fill.model)
    if not fill.limit:
        words = f"{fill.tokens:,} tokens; how many fit into this model is not known."
        return Context(None, words, fill.model)
    percent = 100 * fill.tokens / fill.limit
    return Context(percent, f"{fill.tokens:,} of {fill.limit:,} tokens ({percent:.0f} %)", fill.model)


def _day_words(day: str) -> str:
    return f"{date.fromisoformat(day):%a %d %b}"


def chat_row(hub: Hub, base: str, group: UsedGroup) -> Row:
    """Return a chat as a row: its present title, and a link while it and its server are there."""
    servers = {server.id: server.name for server in hub.fleet.list()}
    title = hub.chat.title(group.server_id, group.key) if group.server_id in servers else ""
    if group.gone:
        return _row(group, "Deleted chat", note=servers.get(group.server_id, "server removed"))
    href = Links(base, group.server_id, group.key).session + "/usage" if group.server_id in servers else ""
    note = servers.get(group.server_id, "server removed") if len(servers) != 1 or not href else ""
    return _row(group, title or group.title or "Untitled chat", href, note)


async def overall(hub: Hub, base: str, period: int) -> Overall:
    """Gather what all servers took in the last `period` days, today included."""
    usage = hub.token_usage
    today = date.fromisoformat(usage.today)
    first, last = (today - timedelta(days=period - 1)).isoformat(), usage.today
    whole = await usage.reports.whole(first, last)
    found = {group.key: group for group in await usage.reports.groups("day", first, last)}
    spans = [(today - timedelta(days=back)).isoformat() for back in range(period)]
    priced = whole.cost > 0
    figures = [
        (found[day].sums.cost if priced else found[day].sums.tokens) if day in found else 0.0 for day in reversed(spans)
    ]
    drawn = "Cost by day" if priced else "Tokens by day"
    total = cost_words(whole) if priced else f"{whole.tokens:,} tokens"
    graph = day_graph(figures, f"{drawn}: {total} in {period} days.") if period > 1 and whole.answers else None
    models = await usage.reports.groups("model", first, last)
    projects = await usage.reports.groups("project", first, last)
    chats = await usage.reports.groups("session", first, last, CHATS)
    return Overall(
        period=period,
        whole=Row(PERIODS[period], whole, cost_words(whole)),
        days=[_row(found[day], _day_words(day)) for day in spans if day in found],
        models=[_row(group) for group in models],
        projects=[_row(group, group.key or "Not known") for group in projects],
        chats=[chat_row(hub, base, group) for group in chats],
        graph=graph,
        drawn=drawn,
    )


def said(links: Links, root_id: str, answer: UsedAnswer) -> Said:
    """Return one answer as a row."""
    here = Links(links.base, links.server_id, answer.session_id)
    href = "" if answer.gone else here.message(answer.id, answer.created)
    if answer.copied:
        cost = "counted where it was forked from"
    elif not answer.tokens:
        cost = "not told" if answer.done else "not told yet"
    else:
        cost = dollars(answer.cost) if answer.cost else "no price known"
    return Said(answer, cost, href, answer.session_id != root_id)

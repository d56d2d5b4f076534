# SPDX-License-Identifier: MIT
"""What the dashboard shows: everything that runs, waits or happened, as it is now."""

from collections.abc import Sequence
from dataclasses import dataclass

from opencode_nexus.chat.inbox.waiting import Waiting
from opencode_nexus.observe.machine import MachineSample
from opencode_nexus.render.page import bytes_text
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.remote_view import Card, cards
from opencode_nexus.web.pages.server_card import ServerCard, server_cards
from opencode_nexus.web.ports import ActivityLine


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of the machine: `percent` for the bar (None: not known), and the words beside it."""

    label: str
    percent: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Running:
    """A session in which an agent works now, and does not wait for a person."""

    server_id: str
    server_name: str
    session_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The values of the template `dashboard_parts.html`."""

    cards: Sequence[ServerCard]
    waiting: Sequence[Waiting]
    running: Sequence[Running]
    machine: Sequence[Measure]
    activity: Sequence[ActivityLine]
    tunnels: Sequence[Card] = ()

    @property
    def any_running(self) -> bool:
        return any(card.server.state == "running" for card in self.cards)

    @property
    def any_starting(self) -> bool:
        return any(card.server.state == "starting" for card in self.cards)

    @property
    def summary(self) -> str:
        """The state of everything in one line."""
        if not self.cards:
            return "No server yet"
        up = sum(card.server.state == "running" for card in self.cards)
        words = [f"{up} of {count(len(self.cards), 'server')} running"]
        if starting := sum(card.server.state == "starting" for card in self.cards):
            words.append(f"{starting} starting")
        if failed := sum(card.server.state == "failed" for card in self.cards):
            words.append(f"{failed} failed")
        words.append(f"{count(len(self.running), 'session')} at work" if self.running else "no session at work")
        if self.waiting:
            words.append(f"{len(self.waiting)} waiting for you")
        return " · ".join(words)


def count(number: int, noun: str) -> str:
    """Return "1 server" or "2 servers"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def machine_measures(sample: MachineSample | None) -> list[Measure]:
    """Return processor, memory and disk as shown; what was not measured says so."""
    if sample is None:
        return [Measure(label, None, "not known") for label in ("CPU", "Memory", "Disk")]
    share = "not known" if sample.cpu is None else f"{sample.cpu:.0f} % of {count(sample.cores, 'core')}"
    return [
        Measure("CPU", sample.cpu, share),
        _share("Memory", sample.memory_used, sample.memory_total),
        _share("Disk", sample.disk_used, sample.disk_total),
    ]


def _share(label: str, used: int | None, total: int | None) -> Measure:
    if used is None or not total:
        return Measure(label, None, "not known")
    return Measure(label, 100 * used / total, f"{bytes_text(used)} of {bytes_text(total)}")


def overview(hub: Hub) -> Overview:
    """Return everything as it is now, from memory and one point read; asks no other process."""
    waiting = hub.chat.waiting()
    held = {item.session_id for item in waiting} | {item.root_id for item in waiting}
    return Overview(
        cards=server_cards(hub),
        waiting=waiting,
        running=[
            Running(server.id, server.name, session_id, hub.chat.title(server.id, session_id))
            for server in hub.fleet.list()
            for session_id in hub.chat.busy(server.id)
            if session_id not in held
        ],
        machine=machine_measures(hub.machine.latest),
        activity=hub.activity.recent(10),
        tunnels=cards(hub),
    )

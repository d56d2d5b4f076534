# SPDX-License-Identifier: MIT
"""What the pages of remote access show of a tunnel, gathered and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opencode_nexus.install.progress import Progress
from opencode_nexus.render.graph import Minute, minutes
from opencode_nexus.tunnels.config import Kind
from opencode_nexus.tunnels.status import Trial, TunnelInfo
from opencode_nexus.web.context import Hub
from opencode_nexus.web.opening import Seen
from opencode_nexus.web.pages.progress_words import told
from opencode_nexus.web.pages.settings_view import browser_name

HERE = 120.0  # seconds: last_seen is noted each 60 s, also while a stream is open

KIND_WORDS: Mapping[Kind, str] = {
    "quick": "Quick tunnel",
    "token": "Named tunnel, by its token",
    "api": "Named tunnel, made by Nexus",
    "config": "Your own tunnel",
}
TRIALS: Mapping[str, str] = {
    "nonce": "A page",
    "post-stream": "Streamed answer (POST)",
    "websocket": "WebSocket",
    "get-stream": "Streamed answer (GET)",
    "no-login": "Nothing without a login",
}
TRANSPORTS: Mapping[str, str] = {
    "post": "Streamed answers",
    "ws": "WebSocket",
    "poll": "Asking again and again",
}
VERDICTS: Mapping[str, tuple[str, str]] = {  # verdict → (state of the dot, words)
    "passed": ("running", "Everything passes"),
    "partly": ("running", "What the chat needs passes"),
    "not verified": ("waiting", "Not verified"),
    "open": ("failed", "Open without a login: closed"),
}
STEP_WORDS: Mapping[str, str] = {
    "cloudflared": "cloudflared is being started.",
    "Address": "Cloudflare is asked for the address.",
    "Connection": "The connection to Cloudflare is being made.",
    "Self test": "The hub visits itself through the address.",
}
LOSSES: Mapping[Kind, str] = {
    "quick": "It is closed and forgotten. Another quick tunnel can be made at any time, with another address.",
    "token": "It is closed, and its token is forgotten here. At Cloudflare nothing is changed.",
    "api": "It is closed, and what Nexus made for it at Cloudflare, the tunnel and its name, is deleted there too.",
    "config": "It is closed and forgotten here. Its credentials file stays, and at Cloudflare nothing is changed.",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One tunnel as a page shows it. `waits`: it starts as soon as cloudflared is here; `service` as in
    Cloudflare's configuration, empty where it is not needed there.
    """

    info: TunnelInfo
    waits: bool = False
    service: str = ""

    @property
    def kind(self) -> str:
        return KIND_WORDS[self.info.config.kind]

    @property
    def loss(self) -> str:
        """What is lost when it is removed."""
        return LOSSES[self.info.config.kind]

    @property
    def state(self) -> str:
        return "starting" if self.waits else self.info.status.state

    @property
    def up(self) -> bool:
        """Whether there is something to stop: it is open, comes up, or waits for its next try."""
        return self.state not in ("stopped", "failed") or self.info.status.pid is not None or self.pausing

    @property
    def pausing(self) -> bool:
        """Whether it waits for its next try: nobody comes in by it now, and it opens by itself later."""
        return self.info.status.retry_at is not None

    @property
    def url(self) -> str | None:
        """The public address, as long as it is answered."""
        return self.info.status.url if self.info.status.state in ("ready", "degraded") else None

    @property
    def steps(self) -> tuple[list[str], int]:
        """The names of a start's steps, and the number of the present one; past the last: all are done."""
        status = self.info.status
        address = ("Address", status.url is not None)
        edge = ("Connection", status.connections > 0 or status.state in ("ready", "degraded"))
        found = [("cloudflared", status.pid is not None)]
        found += [address, edge] if self.info.config.kind == "quick" else [edge, address]
        found.append(("Self test", status.selftest is not None and not status.testing))
        done = next((number for number, (_, is_done) in enumerate(found) if not is_done), len(found))
        return [name for name, _ in found], 1 if self.waits else done + 1

    @property
    def step_words(self) -> str:
        """What is being done now, for whoever sees the steps as bars only."""
        names, now = self.steps
        return STEP_WORDS[names[now - 1]] if now <= len(names) else ""

    @property
    def other_names(self) -> list[str]:
        """The public names besides the one in the address."""
        status = self.info.status
        return [name for name in status.hostnames if self.url is not None and f"https://{name}" != self.url.rstrip("/")]

    @property
    def opening(self) -> bool:
        """Whether it is on its way, so that the steps are worth a look."""
        fresh = self.state == "ready" and self.info.status.testing and self.info.status.selftest is None
        return fresh or self.state in ("starting", "connecting")

    @property
    def by_minute(self) -> list[Minute]:
        return minutes(self.info.status.graph)[:10]

    @property
    def verdict(self) -> tuple[str, str]:
        """Return (state of the dot, words) for the self test."""
        if self.info.status.testing:
            return "busy", "Testing"
        test = self.info.status.selftest
        return ("stopped", "Not tested") if test is None else VERDICTS[test.verdict]

    @property
    def trials(self) -> list[tuple[str, Trial]]:
        """What the self test tried, each with its name for people."""
        test = self.info.status.selftest
        return [] if test is None else [(TRIALS.get(trial.name, trial.name), trial) for trial in test.trials]

    @property
    def chat_way(self) -> str:
        """How the chat is carried, as the self test found; empty when it is not known."""
        test = self.info.status.selftest
        return TRANSPORTS.get(test.transport, "") if test is not None else ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A login from outside; `here`: it was used just now."""

    id: str
    name: str
    source: str
    since: float
    last_seen: float
    here: bool


@dataclass(frozen=True, slots=True)
class ProgramView:
    """cloudflared as it was `seen`, and the `progress` of bringing it."""

    seen: Seen
    progress: Progress

    @property
    def told(self) -> str:
        """Bytes, rate and time left of the job in words."""
        return told(self.progress)


@dataclass(frozen=True, slots=True)
class RemoteView:
    """The values of `remote_parts.html` on the page of all tunnels."""

    cards: Sequence[Card]
    visitors: Sequence[Visitor]
    program: ProgramView

    @property
    def any_up(self) -> bool:
        """Whether there is something to stop."""
        return any(card.up for card in self.cards)

    @property
    def only_pausing(self) -> bool:
        """Whether none that is up is more than waiting for its next try."""
        return all(card.pausing for card in self.cards if card.up)


def card_of(hub: Hub, info: TunnelInfo) -> Card:
    """Return a tunnel with what is known of it now."""
    service = f"http://127.0.0.1:{hub.door.port}" if info.config.kind in ("token", "api") else ""
    return Card(info, info.id in hub.opener.waiting, service)


def cards(hub: Hub) -> list[Card]:
    return [card_of(hub, info) for info in hub.tunnels.list()]


def visitors(hub: Hub) -> list[Visitor]:
    """Return the logins that came through a tunnel, last used first."""
    now = hub.clock.now()
    rows = [row for user in hub.access.users() for row in hub.access.logins(user.id) if row.remote]
    return [
        Visitor(
            row.id,
            row.device or browser_name(row.agent),
            row.source,
            row.created,
            row.last_seen,
            now - row.last_seen < HERE,
        )
        for row in rows
    ]


def program_view(hub: Hub) -> ProgramView:
    """Return cloudflared as of the last look; what was brought since then counts as seen."""
    seen, progress = hub.opener.seen or Seen(), hub.cloudflared.progress
    if seen.error is not None and progress.stage == "done":
        seen = Seen(progress.version)
    return ProgramView(seen, progress)


def free_name(hub: Hub, wanted: str) -> str:
    """Return `wanted`, or with the first number that makes it a name that no tunnel has."""
    taken = {info.config.name for info in hub.tunnels.list()}
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name

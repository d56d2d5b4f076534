# SPDX-License-Identifier: MIT
"""How a tunnel is, from what was seen of it: its log, its metrics, its end. Pure; times are monotonic seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from opencode_nexus.core.errors import NexusError
from opencode_nexus.tunnels.config import Kind, is_local
from opencode_nexus.tunnels.errors import (
    CloudflaredEnded,
    CloudflaredTooOld,
    EdgeLost,
    HostnameNotRouted,
    NetworkBlocked,
    OriginDown,
    RateLimited,
    RefusedUnheard,
    RegistrationRefused,
    TokenRefused,
    TunnelDeleted,
    TunnelError,
)
from opencode_nexus.tunnels.events import Event, too_old
from opencode_nexus.tunnels.origins import Route, at_main_door, leads_here
from opencode_nexus.tunnels.status import State

Action = Literal["none", "renew", "restart"]

SLOW = 10.0  # seconds without a connection after which it is worth saying; 0.2 to 2 s are usual
SAID = 1.0  # seconds after its metrics within which its log tells of a connection, and over which protocol
ROUTED = 10.0  # seconds from the first connection within which Cloudflare's configuration comes; it takes below 1 s
REFUSALS = 2  # times "Unauthorized" in a row, over SETTLED seconds: one alone may be the edge's own slip
SETTLED = 3.0
ORIGIN = 30.0  # seconds for which a request that did not reach the hub is told
# cloudflared takes a lost connection up again by itself, after a random time of up to 20 s, twice that after each
# failure, 640 s at most (2026.8.2). A named tunnel keeps its address when it is restarted, a quick one loses it.
NAMED_PATIENCE = 300.0
QUICK_SILENCE = 900.0  # seconds without a word in the log
DEAF = 120.0  # seconds without an answer of its metrics while it lives
BIRTH = 60.0  # seconds to its metrics; the question for a quick tunnel, 15 s at most, comes before


@dataclass(slots=True)
class Signs:
    """What was seen of one run. `port` is the hub's own, `hostname` the wanted one (kinds api and config).

    `main` is the port of the hub's other door, and `taken` tells whether that door answers to a name.
    """

    kind: Kind
    port: int
    began: float
    hostname: str = ""
    quick: str = ""  # the public name it was given
    metrics: int | None = None
    answered: float | None = None  # last answer of its metrics
    connections: int = 0
    ready_once: bool = False
    down_since: float = 0.0  # since when it has no connection
    up_since: float = 0.0
    spoke: float = 0.0  # last line in its log
    refusals: int = 0
    refused_at: float = 0.0
    mute: int = 0  # refusals since it had a connection of which its metrics alone tell
    mute_at: float = 0.0
    mute_before: int | None = 0  # its count of refusals by then; None: not seen yet
    trouble: Event | None = None  # why there is no connection, in cloudflared's words
    end: Event | None = None  # what it said that it ends of
    origin: Event | None = None
    origin_at: float = 0.0
    routes: tuple[Route, ...] | None = None  # as Cloudflare has them; None until they came
    edges: dict[str, str] = field(default_factory=dict)  # location by connection
    protocol: str | None = None
    checksum: str = ""
    main: int = 0
    taken: Callable[[str], bool] = is_local

    def __post_init__(self) -> None:
        self.down_since = self.spoke = self.began

    def hear(self, event: Event, now: float) -> None:
        """Take in what a line of the log says."""
        match event.kind:
            case "url":
                self.quick = event.text.lower()
            case "version":
                self.checksum = event.data.get("checksum", "")
            case "metrics":
                self.metrics = int(event.text)
            case "registered":
                self.edges[event.data.get("connIndex", "0")] = event.text
                self.protocol = event.data.get("protocol") or self.protocol
                self.refusals, self.trouble, self.end = 0, None, None
                self.ready_once = True
            case "lost" | "unreachable":
                self.edges.pop(event.data.get("connIndex", "0"), None)
                self.trouble = event
            case "unauthorized":
                if not self.refusals:
                    self.refused_at = now
                self.refusals += 1
            case "refused":
                self.trouble = self.end = event
            case "limited" | "offline" | "unserved" | "usage":
                # the first words name the cause: the last line of a start that got a 429 is about JSON
                self.end = self.end or event
            case "origin":
                self.origin, self.origin_at = event, now

    def count(self, connections: int, now: float) -> None:
        """Take in the number of connections that its metrics tell."""
        self.answered = now
        if connections and not self.connections:
            self.up_since, self.ready_once, self.end = now, True, None
        elif self.connections and not connections:
            self.down_since = now
        self.connections = connections

    def reject(self, refusals: int, now: float) -> None:
        """Take in how many registrations were refused since the process began, as its metrics count them."""
        if self.mute_before is None or self.connections:
            self.mute_before, self.mute = refusals, 0
            return
        more = refusals - self.mute_before
        if more > self.mute == 0:
            self.mute_at = now
        self.mute = more

    @property
    def refused(self) -> bool:
        """Whether the edge does not take it, over some time and more than once, without a word on why."""
        return self.mute >= REFUSALS and not self.refusals and not self.connections

    def names(self) -> tuple[str, ...]:
        """Return the public names under which visitors reach the hub through it.

        None that it is reached by on this side: its other door answers to no public name.
        """
        if self.kind == "quick":
            return (self.quick,) if self.quick else ()
        if self.kind == "config":
            return () if self.on_this_side(self.hostname) else (self.hostname,)
        here = [route.hostname for route in self.routes or () if leads_here(route.service, self.port)]
        return tuple(dict.fromkeys(name for name in here if name and "*" not in name and not self.on_this_side(name)))

    def on_this_side(self, name: str) -> bool:
        """Whether the hub's other door answers to that name, so that this one does not."""
        return is_local(name) or self.taken(name)


@dataclass(frozen=True, slots=True)
class Finding:
    """How it is, why, and what is to be done with its process."""

    state: State
    reason: str = ""
    problem: NexusError | None = None
    action: Action = "none"

    @property
    def words(self) -> str:
        """Say why it is so."""
        return str(self.problem) if self.problem is not None else self.reason


def judge(signs: Signs, now: float) -> Finding:
    """Judge a run whose process lives."""
    if signs.refusals >= REFUSALS and now - signs.refused_at >= SETTLED and not signs.connections:
        if signs.kind == "quick":
            return Finding("degraded", "", TunnelDeleted("It is given a new address."), "renew")
        # it goes on asking by itself, every half minute or so: should the token be taken again, it is back
        return Finding("failed", "", TokenRefused("cloudflared goes on asking, in case that changes."))
    if signs.refused and now - signs.mute_at >= SETTLED:
        if signs.kind == "quick" and signs.ready_once:
            return Finding("degraded", "", TunnelDeleted("It is given a new address."), "renew")
        return Finding("degraded", "", RefusedUnheard(), "restart")
    if signs.metrics is None:
        if now - signs.began >= BIRTH:
            return Finding("starting", "", CloudflaredEnded("It did not come up."), "restart")
        return Finding("starting", "cloudflared is starting.")
    heard = signs.began if signs.answered is None else signs.answered
    if now - heard >= DEAF:
        return Finding("degraded", "", CloudflaredEnded("It runs but does not answer."), "restart")
    return _connected(signs, now) if signs.connections else _unconnected(signs, now)


def _connected(signs: Signs, now: float) -> Finding:
    since = now - signs.up_since
    if signs.protocol is None and since < SAID:
        return Finding("connecting", "Connected.")
    if (wrong := at_main_door(signs.routes or (), signs.main)) is not None:
        return Finding(
            "degraded",
            "",
            OriginDown(
                f"{wrong.hostname or 'It'} leads to {wrong.service}, this hub's main address, which refuses what comes "
                f"through a tunnel. Put http://127.0.0.1:{signs.port} as its service at Cloudflare."
            ),
        )
    if not signs.names():
        if signs.kind == "quick" or (signs.kind != "config" and signs.routes is None and since < ROUTED):
            return Finding("connecting", "Connected; the public address is not known yet.")
        return Finding("degraded", "", _unrouted(signs))
    if signs.origin is not None and now - signs.origin_at < ORIGIN:
        return Finding("degraded", "", OriginDown(_short(signs.origin.text)))
    return Finding("ready")


_ON_THIS_SIDE = "the hub answers to this name on this side only: give another, or take it out of allowed_hosts."


def _unrouted(signs: Signs) -> TunnelError:
    if signs.kind == "config":
        return HostnameNotRouted(f"{signs.hostname} leads here, but {_ON_THIS_SIDE}")
    elsewhere = [route for route in signs.routes or () if route.hostname]
    if not elsewhere:
        return HostnameNotRouted()
    here = [route.hostname for route in elsewhere if leads_here(route.service, signs.port)]
    if here:  # the hub answers to names that it knows only
        wildcard = "the hub answers to no wildcard: name the host in full."
        return HostnameNotRouted(f"{here[0]} leads here, but {wildcard if '*' in here[0] else _ON_THIS_SIDE}")
    first = elsewhere[0]
    return OriginDown(f"{first.hostname} leads to {first.service}, this hub is at http://127.0.0.1:{signs.port}.")


def _unconnected(signs: Signs, now: float) -> Finding:
    down = now - signs.down_since
    words = _short(signs.trouble.text) if signs.trouble is not None else ""
    silent = now - max(signs.spoke, signs.down_since)
    action: Action = "none"
    if (signs.kind == "quick" and silent >= QUICK_SILENCE) or (signs.kind != "quick" and down >= NAMED_PATIENCE):
        action = "restart"
    if signs.ready_once:
        return Finding("degraded", "", EdgeLost(words), action)
    if signs.trouble is not None or down >= SLOW:
        return Finding("connecting", "", NetworkBlocked(words), action)
    return Finding("connecting", "Connecting to Cloudflare.", None, action)


def ended(signs: Signs, how: str, lines: list[str]) -> TunnelError:
    """Return why a process ended that nobody ended: `how` as the end of a sentence, `lines` its last ones."""
    said = signs.end
    if said is None and not signs.ready_once and signs.trouble is not None and signs.trouble.kind == "unreachable":
        return NetworkBlocked(_short(signs.trouble.text), last_lines=lines)
    if said is None:
        return CloudflaredEnded(f"It ended{how}.", last_lines=lines)
    words = _short(said.text)
    match said.kind:
        case "limited":
            return RateLimited(words, last_lines=lines)
        case "offline":
            return NetworkBlocked(words, last_lines=lines)
        case "usage":
            return CloudflaredTooOld(f"It does not know what it was started with: {words}.", last_lines=lines)
        case "refused" if too_old(said.text):
            return CloudflaredTooOld(words, last_lines=lines)
    return RegistrationRefused(words, last_lines=lines)


def _short(text: str) -> str:
    """The words of cloudflared as they are, in a length that fits a page."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"

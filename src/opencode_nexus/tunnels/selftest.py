# SPDX-License-Identifier: MIT
"""The self test: the hub visits itself through the public address, and notes what passes and what does not.

It begins with a page that only this hub, and only now, can give. Without that nothing else is said: the name may be too
new for the DNS, or Cloudflare may ask visitors for a code first. Then every kind of way in is tried without a login.
"""

import asyncio
import json
import logging
import time
from hmac import compare_digest

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_token
from opencode_nexus.tunnels.status import SelfTest, Trial, Verdict
from opencode_nexus.tunnels.visitor import Answer, NotReached, Visitor

log = logging.getLogger(__name__)

PATIENCE = 20.0  # seconds for a fresh name to be known; quick tunnels' names lag behind the tunnel
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 4.0  # seconds between two looks
SPREAD = 0.1  # seconds; the page's own script takes another way below this (web/static/wire.js)
EARLY = 5.0  # seconds until the first piece, after which it does so too
ROUND_TRIPS = 3
CLOSED_SOCKET = 4401  # how a WebSocket is closed for want of a login where its handshake cannot be refused

WAYS_IN = (
    ("GET", "/"),
    ("GET", "/settings"),
    ("GET", "/remote"),
    ("GET", "/api/v1/servers"),
    ("GET", "/api/v1/openapi.json"),
    ("POST", "/api/v1/events"),
    ("POST", "/live"),
    ("POST", "/live/poll"),
)
"""One of each kind of route: pages, API, streams. Each must turn a visitor with no login away."""
SOCKET = "/live/ws"

HELD_GET = "Streamed GETs are held back, as quick tunnels do; the chat does not use them."
NO_SOCKET = "WebSockets do not pass."
_HOW = {
    "post": "The chat will use a streamed POST from outside.",
    "ws": "The chat will use a WebSocket from outside.",
    "poll": "The chat will ask again and again from outside, which is slower.",
}


class Tester:
    """Runs self tests, each with a nonce of its own that is good for as long as the test runs."""

    def __init__(self, *, front: str, base_path: str, clock: Clock) -> None:
        self._front, self._base, self._clock = front, base_path, clock
        self._proofs: dict[str, str] = {}

    async def run(self, url: str, patience: float = PATIENCE) -> SelfTest:
        """Visit the hub through `url`. Never raises: what cannot be told is not verified."""
        nonce, proof = new_token(), new_token()
        self._proofs[nonce] = proof
        try:
            return await visit(
                url, self._front, nonce, proof, base_path=self._base, patience=patience, clock=self._clock
            )
        except Exception as error:  # a mistake of ours here must not take the tunnel's state with it
            log.exception("the self test of %s failed", url)
            return SelfTest(self._clock.now(), "not verified", (), detail=f"The test itself failed: {error}.")
        finally:
            del self._proofs[nonce]

    def proof(self, nonce: str) -> str | None:
        """What the nonce page of a running test says; None: there is no such test."""
        for known, proof in self._proofs.items():
            if compare_digest(known.encode(), nonce.encode()):
                return proof
        return None


async def visit(
    url: str, front: str, nonce: str, proof: str, *, base_path: str = "", patience: float = PATIENCE, clock: Clock
) -> SelfTest:
    """Try everything through the public address `url`, connecting to `front` in place of the name's own when given."""
    async with Visitor(url, front, base_path) as visitor:
        page = f"/selftest/{nonce}"
        reached = await _reached(visitor, page, proof, patience)
        if reached.outcome != "works":
            return SelfTest(clock.now(), "not verified", (reached,), detail=reached.detail)
        socket = await _socket(visitor, page + "/ws")
        closed = await _no_login(visitor, sockets_pass=socket.outcome == "works")
        if closed.outcome == "fails":
            return SelfTest(clock.now(), "open", (reached, closed), detail=closed.detail)
        post = await _streamed(visitor, "post-stream", "POST", page + "/stream")
        get = await _streamed(visitor, "get-stream", "GET", page + "/stream")
        trip = await _round_trip(visitor, page)
    trials = (reached, post, socket, get, closed)
    transport = "post" if post.outcome == "works" else "ws" if socket.outcome == "works" else "poll"
    details = [_HOW[transport]]
    if socket.outcome != "works":
        details.append(NO_SOCKET)
    if get.outcome == "held back":
        details.append(HELD_GET)
    if closed.outcome == "not tried":
        details = [f"It was lost before everything could be tried. {closed.detail}"]
    return SelfTest(clock.now(), _verdict(trials), trials, transport, trip, " ".join(details))


def _verdict(trials: tuple[Trial, ...]) -> Verdict:
    """The verdict on a hub that was reached and is closed."""
    if any(trial.name == "no-login" and trial.outcome != "works" for trial in trials):
        return "not verified"
    return "passed" if all(trial.outcome == "works" for trial in trials) else "partly"


async def _reached(visitor: Visitor, page: str, proof: str, patience: float) -> Trial:
    """The nonce page, asked for until it comes or the patience is at its end."""
    deadline, pause = time.monotonic() + patience, FIRST_PAUSE
    while True:
        trial = await _nonce(visitor, page, proof)
        if trial.outcome == "works" or time.monotonic() + pause > deadline:
            return trial
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


async def _nonce(visitor: Visitor, page: str, proof: str) -> Trial:
    try:
        answer = await visitor.ask("GET", page)
    except NotReached as error:
        return Trial("nonce", "fails", detail=str(error))
    if _said(answer) == proof:
        return Trial("nonce", "works", _ms(answer.first), detail="This hub answers at the public address.")
    return Trial("nonce", "fails", detail=_other(answer))


def _said(answer: Answer) -> object:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return None
    return said.get("proof") if answer.status == 200 and isinstance(said, dict) else None


def _other(answer: Answer) -> str:
    """What it means that another answer came than the hub's."""
    if answer.status in (530, 503):
        return f"Cloudflare has no connection to the tunnel yet ({answer.status})."
    if answer.status in (502, 504, 522, 524):
        return f"The tunnel could not reach the hub ({answer.status})."
    if answer.status == 429:
        return "Cloudflare lets nobody through for a moment (429)."
    asks = answer.location or (answer.status in (200, 401, 403) and b"<html" in answer.body.lower())
    if asks:
        return f"Something in front of the hub asks visitors first ({answer.status}), so the rest cannot be tried."
    return f"The address answers {answer.status}, but not as this hub does."


async def _streamed(visitor: Visitor, name: str, method: str, path: str) -> Trial:
    """Held back only when it was so twice: a busy machine may read late, once."""
    trial = await _stream_once(visitor, name, method, path)
    return trial if trial.outcome != "held back" else await _stream_once(visitor, name, method, path)


async def _stream_once(visitor: Visitor, name: str, method: str, path: str) -> Trial:
    try:
        answer = await visitor.ask(method, path)
    except NotReached as error:
        return Trial(name, "fails", detail=str(error))
    first, spread = _ms(answer.first), _ms(answer.spread)
    if answer.status != 200:
        return Trial(name, "fails", first, detail=f"It was answered with {answer.status}.")
    if answer.spread >= SPREAD and answer.first <= EARLY:
        return Trial(name, "works", first, spread, "It came in pieces, as it was said.")
    return Trial(name, "held back", first, spread, "It came all at once, at its end.")


async def _socket(visitor: Visitor, path: str) -> Trial:
    try:
        echo = await visitor.echo(path, "Is it you?")
    except NotReached as error:
        return Trial("websocket", "fails", detail=str(error))
    if echo.echoed:
        return Trial("websocket", "works", _ms(echo.first), detail="It opened, and what was said came back.")
    told = "It opened, but nothing came back." if echo.status == 101 else f"It was answered with {echo.status}."
    return Trial("websocket", "fails", detail=told)


async def _no_login(visitor: Visitor, *, sockets_pass: bool) -> Trial:
    """Whether a visitor with no login is turned away everywhere. One way that is open is enough.

    What was answered by something on the way (5xx) tells nothing; but where no WebSocket passes, none is a way in.
    """
    unsure = ""
    for method, path in WAYS_IN:
        try:
            status = (await visitor.ask(method, path)).status
        except NotReached as error:
            unsure = f"{method} {path}: {error}"
            continue
        if 200 <= status < 300:
            return Trial("no-login", "fails", detail=f"{method} {path} was answered with {status} without a login.")
        if status >= 500 or status == 429:
            unsure = f"{method} {path} was answered with {status}."
    try:
        echo = await visitor.echo(SOCKET, None)
        if echo.status == 101 and echo.code != CLOSED_SOCKET:
            return Trial("no-login", "fails", detail=f"The WebSocket {SOCKET} opened without a login.")
        if echo.status >= 500 and sockets_pass:
            unsure = f"The WebSocket {SOCKET} was answered with {echo.status}."
    except NotReached as error:
        if sockets_pass:
            unsure = f"The WebSocket {SOCKET}: {error}"
    if unsure:
        return Trial("no-login", "not tried", detail=unsure)
    told = f"{len(WAYS_IN)} addresses and a WebSocket turned a visitor with no login away."
    return Trial("no-login", "works", detail=told)


async def _round_trip(visitor: Visitor, page: str) -> float | None:
    """The shortest of some requests over a connection that stands already; milliseconds."""
    took = []
    for _ in range(ROUND_TRIPS):
        try:
            took.append((await visitor.ask("GET", page)).first)
        except NotReached:
            continue
    return _ms(min(took)) if took else None


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

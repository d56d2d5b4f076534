# SPDX-License-Identifier: MIT
"""What can go wrong at Cloudflare's side: knobs that are read at the moment of use, from whichever thread set them."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class QuickReply:
    """What the quick service answers in place of a tunnel."""

    status: int
    body: bytes
    content_type: str = "text/plain"


RATE_LIMITED = QuickReply(429, b"error code: 1015")
BROKEN = QuickReply(500, b"<html>internal error</html>", "text/html")
NO_TUNNEL = QuickReply(
    200,
    json.dumps({"success": False, "result": None, "errors": [{"code": 1101, "message": "boom"}]}).encode(),
    "application/json",
)


@dataclass(frozen=True)
class Refusal:
    """What the edge answers to a registration; `retry_after` seconds, None: for good."""

    cause: str
    retry_after: float | None = None


UNAUTHORIZED = Refusal("Unauthorized: Invalid tunnel secret")
TOO_OLD = Refusal("your cloudflared version is too old")
COME_BACK = Refusal("please come back later", 2.0)


@dataclass
class Faults:
    """All knobs; as it stands nothing is wrong.

    quick_reply       given by the quick service in place of a tunnel, as often as asked
    refuse_next       given to the next registrations, one each
    refuse            given to every registration
    hold_gets         whether the front holds an answer to a GET back until it has ended; None: as the real one does,
                      for quick tunnels and not for named ones
    response_timeout  seconds without a byte from the tunnel until the front gives 524
    udp_dead          no datagram comes in or goes out
    keep_open         the edge does not hang up when cloudflared has said good-bye
    """

    quick_reply: QuickReply | None = None
    refuse_next: list[Refusal] = field(default_factory=list)
    refuse: Refusal | None = None
    hold_gets: bool | None = None
    response_timeout: float = 120.0
    udp_dead: bool = False
    keep_open: bool = False

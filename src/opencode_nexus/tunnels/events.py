# SPDX-License-Identifier: MIT
"""What cloudflared's log says, line by line. Pure.

It writes JSON or, when it is older than 2025.6.1, text with `name=value` at the end; the last line of a failed start is
plain text in either. Texts as observed with 2026.6.0 and read in the source of 2026.8.2.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

EventKind = Literal[
    "url",  # the public name of a quick tunnel; not a word about whether it is reached yet
    "version",  # the version and the checksum of the program that runs
    "metrics",  # where it tells how it is
    "registered",  # a connection that the edge has accepted
    "lost",  # a connection ended that nobody ended
    "retrying",  # it will try again by itself
    "unreachable",  # the edge does not answer
    "unauthorized",  # the edge does not know the tunnel, or not with this secret
    "refused",  # the edge refuses the connection for another reason
    "limited",  # no quick tunnel is given out for now
    "unserved",  # no quick tunnel was given for another reason
    "offline",  # the service that gives quick tunnels cannot be reached
    "origin",  # the hub's listener could not be reached; not: a visitor broke off
    "configured",  # Cloudflare's configuration of a named tunnel has come
    "usage",  # it does not understand its command line
    "stopping",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a line says; `text` is its point in cloudflared's own words, `data` what stands beside it."""

    kind: EventKind
    text: str = ""
    data: dict[str, str] = field(default_factory=dict)


# api.trycloudflare.com, which gives them out, appears in error lines
_QUICK = re.compile(r"https://(?!api\.)([a-z0-9-]+\.trycloudflare\.com)")
_BOX = re.compile(r"^\|\s+https://([a-z0-9.-]+)\s+\|$")
_VERSION = re.compile(r"^Version (\S+)(?: \(Checksum ([0-9a-f]{64})\))?")
_METRICS = re.compile(r"^Starting metrics server on \S*?:(\d+)/metrics")
_TEXT = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:]+Z) ([A-Z]{3}) (.*)$")
_PAIR = re.compile(r'(?<=\s)([A-Za-z_]+)=("(?:[^"\\]|\\.)*"|\S+)')
_MEMBER = re.compile(r'"([A-Za-z_]+)":("(?:[^"\\]|\\.)*"|-?\d+)')
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNREACHABLE = (
    "Unable to establish connection with Cloudflare edge",
    "Failed to dial a quic connection",
    "edge discovery: error looking up",
)
_LIMITED = re.compile(r"\b(?:429|error code: 1015|too many requests)\b", re.IGNORECASE)
_CODE = re.compile(r"error code: \d+")
# It says "Unable to reach the origin service" of whatever ends a request before its answer began: also that the visitor
# broke off in his body ("declared a Content-Length of 900 but only wrote 3 bytes", "use of closed network connection"),
# or that Go cannot put the request (see origins.service). The hub is down when no connection to it comes about.
_DIAL_FAILED = re.compile(r"\bdial (?:tcp|unix)\b(?!.*(?:operation was|context) canceled)", re.DOTALL)
_OLD = re.compile(r"too old|unsupported version|version .*(?:outdated|deprecated)", re.IGNORECASE)


def parse(line: str) -> tuple[str, dict[str, str]]:
    """Return a line's message and what stands beside it, all as text."""
    line = _COLOUR.sub("", line).strip()
    if line.startswith("{") or '"message":' in line:
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            found = _pieces(line)
        message = str(found.pop("message", ""))
        return message, {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    if (match := _TEXT.match(line)) is None:
        return line, {}
    rest = match[3]
    pairs = {name: value.strip('"').replace('\\"', '"') for name, value in _PAIR.findall(rest)}
    first = _PAIR.search(rest)
    message = rest[: first.start()].strip() if first else rest.strip()
    return message, {"time": match[1], "level": match[2], **pairs}


def _pieces(line: str) -> dict[str, Any]:
    """Members in what is left of a torn line: two of its threads may write at once, one into the other's line."""
    found: dict[str, Any] = {}
    for name, value in _MEMBER.findall(line):
        try:
            found[name] = json.loads(value)
        except ValueError:
            continue
    return found or {"message": line}


def read(line: str) -> Event | None:
    """Return what a line says, None when it is of no interest."""
    message, data = parse(line)
    error = data.get("error", "")
    both = f"{message} {error}".strip()
    if (match := _BOX.match(message)) or (message.startswith("|") and (match := _QUICK.search(message))):
        return Event("url", match[1])
    if match := _VERSION.match(message):
        return Event("version", match[1], {"checksum": match[2] or ""})
    if match := _METRICS.match(message):
        return Event("metrics", match[1])
    if message == "Registered tunnel connection":
        return Event("registered", data.get("location", ""), data)
    if "Unauthorized" in both and message != "failed to serve incoming request":  # the same one, told twice
        return Event("unauthorized", error or message, data)
    if message.startswith("Register tunnel error"):
        return Event("refused", error or message, data)
    if message.startswith("Retrying connection in up to"):
        return Event("retrying", message, data)
    if message.startswith(_UNREACHABLE):
        return Event("unreachable", error or message, data)
    if message.startswith(("Lost connection with the edge", "Connection terminated", "Serve tunnel error")):
        return Event("lost", error or message, data)
    if message.startswith("Updated to new configuration"):
        return Event("configured", data.get("version", ""))
    if "Unable to reach the origin service" in both and _DIAL_FAILED.search(both):
        return Event("origin", error or message, data)
    if message.startswith("Initiating graceful shutdown"):
        return Event("stopping")
    if message.startswith("Incorrect Usage"):
        return Event("usage", message.partition(":")[2].strip())
    return _provisioning(message, data, both)


def _provisioning(message: str, data: dict[str, str], both: str) -> Event | None:
    """What a start says when no quick tunnel is given."""
    lower = both.lower()
    if "quick tunnel" not in lower and "quicktunnel" not in lower:
        return None
    status = data.get("status_code", "")
    if _LIMITED.search(both) or status.startswith("429"):
        found = _CODE.search(both)
        return Event("limited", ", ".join(filter(None, (status or "429", found and found[0]))))
    if "failed to request quick tunnel" in lower:
        return Event("offline", both.partition("failed to request quick Tunnel:")[2].strip() or both)
    if any(word in lower for word in ("failed to", "error unmarshaling", "provisioning failed")):
        return Event("unserved", both)
    return None


def too_old(cause: str) -> bool:
    """Tell whether a refusal's words say that this cloudflared is too old."""
    return _OLD.search(cause) is not None

# SPDX-License-Identifier: MIT
"""One entry of a log: as a line of JSON in the hub's file, as a line for people, and read back from any line."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

OURS = "opencode_nexus."
_ABOUT = re.compile(r"\b(?:srv|tun)_[0-9a-z]{20}\b")  # as core.ids makes the ids of servers and tunnels
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_WORDS = {"dbg": "debug", "inf": "info", "wrn": "warning", "warn": "warning", "err": "error", "fatal": "error"}
_LEVELS = {"debug", "info", "warning", "error"}
_HEAD = re.compile(r"(DEBUG|INFO|WARN|WARNING|ERROR)\s+(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)\s+")
LONGEST = 20_000  # characters of a message or a trace; the rest is counted


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, rename={"about": "server"}):
    """One thing that was logged.

    `at` is when (None: the line does not tell), `level` one of core.log_levels ("": not told), `part` of the hub, or
    `server` or `tunnel` for what those wrote; `about` (in JSON `server`, as in the API) is
    the server or tunnel it is about, `trace` the traceback,
    `where` the module.
    """

    at: datetime | None
    level: str
    part: str
    message: str
    about: str = ""
    where: str = ""
    trace: str = ""

    @property
    def epoch(self) -> float | None:
        return None if self.at is None else self.at.timestamp()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def part_of(logger: str) -> str:
    """Return the part that a logger belongs to."""
    if not logger.startswith(OURS):
        return "app" if logger == OURS[:-1] else "libraries"
    return logger.removeprefix(OURS).partition(".")[0]


def of_record(record: logging.LogRecord, message: str, trace: str) -> Entry:
    """Return the entry of a log record. Servers and tunnels are known by the ids in its words."""
    level = record.levelname.lower()
    about = _ABOUT.search(message)
    return Entry(
        at=datetime.fromtimestamp(record.created, UTC),
        level=level if level in _LEVELS else "error" if record.levelno >= logging.ERROR else "debug",
        part=part_of(record.name),
        message=bounded(message),
        about=about[0] if about else "",
        where=record.name.removeprefix(OURS),
        trace=bounded(trace),
    )


def bounded(text: str) -> str:
    """Return `text`, cut where it is longer than LONGEST."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … and {len(text) - LONGEST:,} characters more"


def line_of(entry: Entry) -> bytes:
    """Return the entry as one line of JSON."""
    return _encode(entry) + b"\n"


def read(line: bytes) -> Entry:
    """Return what a line of the hub's file says; one that is no entry (of an older hub) is its message."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Entry(None, "", "app", line.decode("utf-8", "replace").rstrip())


def read_output(line: bytes, part: str, about: str) -> Entry:
    """Return what a line says that a server or tunnel wrote: its time and level where it tells them."""
    text = _COLOUR.sub("", line.decode("utf-8", "replace")).rstrip()
    if text.startswith("{"):
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if isinstance(said, dict):
            return _of_json(said, part, about)
    if head := _HEAD.match(text):
        return Entry(_moment(head[2]), _level(head[1]), part, bounded(text[head.end() :]), about)
    return Entry(None, "", part, bounded(text), about)


def _of_json(said: dict[str, Any], part: str, about: str) -> Entry:
    """cloudflared writes time, level, message, and what else belongs to it."""
    at, level = _moment(str(said.pop("time", ""))), _level(str(said.pop("level", "")))
    words = [str(said.pop("message", "")), *(f"{name} {value}" for name, value in said.items())]
    return Entry(at, level, part, bounded(", ".join(filter(None, words))), about)


def _level(word: str) -> str:
    word = word.lower()
    word = _WORDS.get(word, word)
    return word if word in _LEVELS else ""


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def readable(entry: Entry) -> str:
    """Return the entry for a terminal: local time, level, part, words; a traceback stands below."""
    at = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S} " if entry.at else ""
    level = f"{entry.level.upper():7} " if entry.level else ""
    trace = f"\n{entry.trace}" if entry.trace else ""
    return f"{at}{level}{entry.part}: {entry.message}{trace}"

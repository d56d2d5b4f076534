# SPDX-License-Identifier: MIT
"""Looks for entries in the log files, rotated ones too, from the newest backwards. All of it blocks: use a thread.

Lines are found as bytes, a block at a time, and only what may fit is read as an entry; of many files only those that
`log_sieve` names are read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from opencode_nexus.observe.log_entry import Entry, read, read_output
from opencode_nexus.observe.log_files import DAY, LogFile, LogFiles
from opencode_nexus.observe.log_query import LogQuery, LogQueryUnusable
from opencode_nexus.observe.log_sieve import FEW, holding
from opencode_nexus.secrets.redact import redact

BLOCK = 1 << 20  # bytes read at one go
LONGEST = 4 << 20  # bytes of one line; what is longer is left out

_CURSOR = re.compile(r"(hub|server|tunnel)\.(\w{0,64})\.(-?\d{1,9})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Found:
    """Entries of one look, the newest of each file's owner first; `next` is where to go on, None at the end."""

    entries: list[Entry]
    next: str | None


def search(
    files: LogFiles, query: LogQuery, limit: int, before: str | None = None, ripgrep: Path | None = None
) -> Found:
    """Return up to `limit` entries that fit, after those that an earlier answer with this `next` gave.

    First comes the hub's own log, then each output. Raises LogQueryUnusable.
    """
    entries: list[Entry] = []
    for file, end in _worth(query, [*_from(_order(files, query), before)], ripgrep):
        for place, line in _lines(file, query, end):
            entry = _entry(file, line)
            if not query.fits(entry):
                continue
            if len(entries) == limit:  # there is one more
                return Found(entries, f"{file.source}.{file.about}.{file.number}.{place + len(line)}")
            entries.append(entry)
    return Found(entries, None)


def _order(files: LogFiles, query: LogQuery) -> list[LogFile]:
    """The files that may have something, the newest of each owner first."""
    found = list(reversed(files.hub())) if query.hub else []
    if query.outputs:
        outputs = [file for file in files.outputs(query.about) if query.part in ("", file.source)]
        found += sorted(outputs, key=lambda file: (file.source, file.about, -file.number))
    if query.since is not None:
        found = [file for file in found if file.changed >= query.since - DAY]  # the clock may have been set since
    return found


def _from(order: Sequence[LogFile], before: str | None) -> Iterator[tuple[LogFile, int]]:
    """Each file with the place where reading it backwards begins."""
    if before is None:
        yield from ((file, file.size) for file in order)
        return
    told = _CURSOR.fullmatch(before)
    if told is None:
        raise LogQueryUnusable("That is no `next` of an answer.", hint="Begin again without it.")
    source, about, number, place = told[1], told[2], int(told[3]), int(told[4])
    rank = {"hub": 0, "server": 1, "tunnel": 2}
    mark = (rank[source], about, -number)
    for file in order:
        mine = (rank[file.source], file.about, -file.number)
        if mine == mark:  # turned over since, it is smaller
            yield file, min(place, file.size)
        elif mine > mark:
            yield file, file.size


def _worth(
    query: LogQuery, order: Sequence[tuple[LogFile, int]], ripgrep: Path | None
) -> Iterator[tuple[LogFile, int]]:
    """Yield the files that may hold something; the older of the hub's own are asked for only when it comes to them."""
    hub = [(file, end) for file, end in order if file.source == "hub"]
    yield from hub[:FEW]
    groups = query.needles(json=True)
    left = [file for file, _ in hub[FEW:]]
    if left:
        small = bool(query.text) and not query.exact
        worth = set(holding(ripgrep, left, groups[0] if groups else (), small=small))
        yield from ((file, end) for file, end in hub[FEW:] if file in worth)
    yield from ((file, end) for file, end in order if file.source != "hub")


def _entry(file: LogFile, line: bytes) -> Entry:
    if file.source == "hub":
        return read(line)
    entry = read_output(line, file.source, file.about)
    # what the hub wrote was cleaned before; a server writes what it likes
    return Entry(entry.at, entry.level, entry.part, redact(entry.message), entry.about)


def _lines(file: LogFile, query: LogQuery, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield (place, line) of the lines that may fit, the last first."""
    groups = query.needles(json=file.source == "hub")
    small = bool(query.text) and not query.exact
    try:
        with file.path.open("rb") as opened:
            for start, block in _blocks(opened, end):
                yield from _in_block(start, block, groups, small)
    except OSError:  # it went meanwhile
        return


def _blocks(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield (place, bytes) of whole lines, a block at a time, the last first."""
    rest = b""  # the end of a line that begins in the block before
    while end > 0:
        start = max(0, end - BLOCK)
        file.seek(start)
        block = file.read(end - start) + rest
        end = start
        cut = 0 if start == 0 else block.find(b"\n") + 1
        if start and not cut:
            rest = block if len(block) < LONGEST else b""
            continue
        rest = block[:cut]
        yield start + cut, block[cut:]


def _in_block(start: int, block: bytes, groups: list[tuple[bytes, ...]], small: bool) -> Iterator[tuple[int, bytes]]:
    looked = block.lower() if small else block
    end = len(block)
    while end > 0:
        # the last place of any of the first group; without groups each line fits
        place = max(looked.rfind(needle, 0, end) for needle in groups[0]) if groups else end - 1
        if place < 0:
            return
        line_start = block.rfind(b"\n", 0, place) + 1
        line_end = block.find(b"\n", place)
        line_end = end if line_end < 0 else line_end + 1
        line = looked[line_start:line_end]
        if line.strip() and all(any(needle in line for needle in group) for group in groups[1:]):
            yield start + line_start, block[line_start:line_end]
        end = line_start

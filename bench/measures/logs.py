# SPDX-License-Identifier: MIT
"""A search in the log files, as many as the cap allows and 1 GB of them, beside grep in the same files.

A marker is looked for that stands in the oldest line, so that all of them must be read; and how long the event loop
had to wait meanwhile.
"""

import asyncio
import os
import random
import subprocess
import tempfile
import time as clock
from datetime import UTC, datetime
from pathlib import Path

from bench.noise import Noise
from bench.run import Run
from opencode_nexus.install import ripgrep
from opencode_nexus.observe.log_entry import Entry, line_of
from opencode_nexus.observe.log_files import CURRENT
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.log_writer import PIECE
from opencode_nexus.observe.logs import Logs

SEED = 5
SIZES = {"cap": 200_000_000, "1 GB": 1_000_000_000}  # bytes; the first is the default of log_size
MARKER = "Marker-of-the-bench-7f3a"
QUERIES = {
    "text": LogQuery(MARKER.lower()),
    "text, capitals": LogQuery(MARKER),
    "level": LogQuery(level="error"),
    "nothing": LogQuery("no such thing in them"),
}
WORDS = (
    "server answers again after the start of a tunnel was refused by its edge because page asked for too much".split()
)


def fill(folder: Path, size: int) -> None:
    """As many bytes of entries in files as the hub makes them; the first entry has the marker and is the only error."""
    rng = random.Random(SEED)
    began = 1_750_000_000
    folder.mkdir(parents=True)
    made = number = 0
    block: list[bytes] = [line_of(Entry(datetime.fromtimestamp(began, UTC), "error", "app", f"here is the {MARKER}"))]
    for count in range(5000):
        level, part = rng.choice(("info", "info", "warning")), rng.choice(("fleet", "chat", "web", "tunnels"))
        words = " ".join(rng.choices(WORDS, k=rng.randint(5, 25)))
        at = datetime.fromtimestamp(began + count, UTC)
        block.append(
            line_of(Entry(at, level, part, words, rng.choice(("", "srv_0mx0sdzdkttgjetknqtp")), f"{part}.any"))
        )
    while made < size:
        number += 1
        with (folder / f"hub.{number:06}.log").open("wb") as file:
            while file.tell() < min(PIECE, size - made):
                file.write(b"".join(block))
                block = block[1:] if number == 1 and file.tell() < PIECE and MARKER.encode() in block[0] else block
            made += file.tell()
    (folder / CURRENT).write_bytes(block[-1])


async def measure(run: Run) -> None:
    """Subjects `nexus` and `grep`; variants: the size, and what is looked for."""
    for size, count in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="nexus-logs-") as folder:
            await asyncio.to_thread(fill, Path(folder) / "logs", count)
            logs = Logs(Path(folder) / "logs", ripgrep=lambda: ripgrep.find(os.environ))
            for time in range(run.times):
                for kind, query in QUERIES.items():
                    with Noise() as noise:
                        ms, stall = await asyncio.create_task(once(logs, query, 0 if kind == "nothing" else 1))
                    more = {"run": time, "others": noise.others}
                    run.results.add("nexus", "logs", f"{size}/{kind}", ms=ms, stall_ms=stall, **more)
                grep_ms = await asyncio.to_thread(grep, Path(folder) / "logs")
                run.results.add("grep", "logs", f"{size}/text", run=time, ms=grep_ms)


async def once(logs: Logs, query: LogQuery, expected: int) -> tuple[float, float]:
    """Milliseconds of one search, and the longest that the event loop had to wait beyond a pause of its own."""
    done, worst = asyncio.Event(), 0.0

    async def tick() -> None:
        nonlocal worst
        while not done.is_set():
            before = clock.perf_counter()
            await asyncio.sleep(0.002)
            worst = max(worst, clock.perf_counter() - before - 0.002)

    ticking = asyncio.create_task(tick())
    start = clock.perf_counter()
    found = await logs.find(query, 20)
    took = clock.perf_counter() - start
    done.set()
    await ticking
    if len(found.entries) != expected:
        raise RuntimeError(f"{query} found {len(found.entries)} entries, not {expected}")
    return round(took * 1000, 1), round(worst * 1000, 1)


def grep(folder: Path) -> float:
    """Milliseconds that grep takes for the same marker, small letters and capitals alike."""
    files = sorted(map(str, folder.iterdir()))
    start = clock.perf_counter()
    subprocess.run(
        ["grep", "-iFc", MARKER, *files], capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    return round((clock.perf_counter() - start) * 1000, 1)

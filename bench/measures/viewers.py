# SPDX-License-Identifier: MIT
"""Many clients that each hold what one open tab holds, while an answer streams: CPU of the hub, delivery."""

import asyncio
import time as clock

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.measures.stream import SECONDS, order
from bench.noise import ME, Noise
from bench.process import cpu, memory
from bench.provider import MARK
from bench.results import percentile
from bench.run import Run
from bench.subject import Subject

RATE = 200
VIEWERS = (0, 1, 20, 200)
READERS = 5  # of them are read closely; reading all of 200 would measure this harness
TAIL = 64  # characters kept for a marker that two pieces share


class Viewer:
    """One client: how many bytes came, and, if it reads, how late each delta was (ms)."""

    def __init__(self, reads: bool) -> None:
        self.reads = reads
        self.bytes = 0
        self.late: dict[int, float] = {}
        self._rest = ""

    def got(self, piece: bytes) -> None:
        self.bytes += len(piece)
        if not self.reads:
            return
        now = clock.time() * 1000
        text = self._rest + piece.decode("utf-8", "ignore")
        for mark in MARK.finditer(text):
            self.late.setdefault(int(mark[1]), now - float(mark[2]))
        self._rest = text[-TAIL:]


async def measure(run: Run) -> None:
    """Variants `<viewers>`, at 200 deltas a second."""
    for count in VIEWERS:
        for time in range(run.times):
            for subject in run.subjects:
                await once(run, subject, count, time)


async def once(run: Run, subject: Subject, count: int, time: int) -> None:
    name = f"{subject.name}v{count}n{time}"
    chat = await asyncio.to_thread(subject.new_chat, f"Stream {name}")
    viewers = [Viewer(number < READERS) for number in range(count)]
    http = ClientSession(timeout=ClientTimeout(total=None), connector=TCPConnector(limit=0))
    tasks = [asyncio.create_task(subject.watch(http, chat, viewer.got)) for viewer in viewers]
    try:
        await asyncio.sleep(3)
        for viewer in viewers:
            viewer.bytes = 0
        with Noise() as noise:
            before, mine = cpu(subject.own()), cpu([ME])
            written = await order(run, subject, chat, RATE, SECONDS, name)
            await asyncio.sleep(1)
            spent, harness = cpu(subject.own()) - before, cpu([ME]) - mine
        failed = [str(task.exception()) for task in tasks if task.done() and task.exception()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await http.close()
    late = [ms for viewer in viewers for ms in viewer.late.values()]
    received = [len(viewer.late) for viewer in viewers if viewer.reads]
    each = len(written) * max(1, count)
    run.results.add(
        subject.name, "viewers", str(count), run=time, others=noise.others, deltas=len(written),
        own_cpu_s=round(spent, 2), harness_cpu_s=round(harness, 2),
        cpu_us_per_event=round(spent / len(written) * 1e6, 1),
        cpu_us_per_event_and_viewer=round(spent / each * 1e6, 2),
        p50=percentile(late, 50), p95=percentile(late, 95), received_least=min(received, default=None),
        bytes_per_delta=round(sum(v.bytes for v in viewers) / each, 1) if count else None,
        own=memory(subject.own()), failed=failed[:2],
    )  # fmt: skip

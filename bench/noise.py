# SPDX-License-Identifier: MIT
"""How much of the machine others used while a measurement ran."""

import time
from typing import Self

import psutil

ME = psutil.Process()


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + getattr(times, "softirq", 0.0))


def _own() -> dict[int, float]:
    used: dict[int, float] = {}
    for process in [ME, *ME.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used[process.pid] = times.user + times.system
    return used


class Noise:
    """`with Noise() as noise:` then `noise.others`: cores used by processes that are not ours."""

    others = 0.0

    def __enter__(self) -> Self:
        self._start, self._before, self._mine = time.monotonic(), _busy(), _own()
        return self

    def __exit__(self, *exc: object) -> None:
        own = sum(now - self._mine.get(pid, 0.0) for pid, now in _own().items())
        seconds = max(0.01, time.monotonic() - self._start)
        self.others = max(0.0, round((_busy() - self._before - own) / seconds, 2))

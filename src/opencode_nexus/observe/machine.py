# SPDX-License-Identifier: MIT
"""How busy the machine is."""

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class MachineSample:
    """The machine at one moment: `cpu` in percent of all cores since the sample before (None: the first).

    Sizes are in bytes; None where the system does not tell it.
    """

    cpu: float | None
    cores: int
    memory_used: int | None
    memory_total: int | None
    disk_used: int | None
    disk_total: int | None


class Machine:
    """Measures the machine; `folder` lies on the disk that is asked about."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: tuple[float, float] | None = None
        self.latest: MachineSample | None = None

    def measure(self) -> MachineSample:
        """Take a sample (about 0.3 ms) and keep it as `latest`."""
        times = psutil.cpu_times()
        # guest time is already in user time; iowait is idle time
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        cpu = None
        if self._before is not None and total > self._before[1]:
            cpu = max(0.0, min(100.0, 100 * (1 - (idle - self._before[0]) / (total - self._before[1]))))
        self._before = (idle, total)
        memory = psutil.virtual_memory()
        try:
            disk = psutil.disk_usage(str(self._folder))
            used, size = disk.used, disk.used + disk.free  # without what only root may take, as df counts
        except OSError:
            used, size = None, None
        self.latest = MachineSample(
            cpu, psutil.cpu_count() or 1, memory.total - memory.available, memory.total, used, size
        )
        return self.latest

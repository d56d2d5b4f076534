# SPDX-License-Identifier: MIT
"""Every single figure of a run, kept as JSON as soon as it is known."""

import json
import os
import statistics
import time
from pathlib import Path
from typing import Any


def percentile(values: list[float], percent: float) -> float | None:
    """The value below which `percent` of `values` lie; None for none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(percent / 100 * len(ordered)))], 1) if ordered else None


def machine_ms() -> float:
    """Milliseconds for a fixed piece of work: how fast the machine was just now."""
    best = 1e9
    for _ in range(2):
        start = time.perf_counter()
        sum(i * i for i in range(300_000))
        best = min(best, time.perf_counter() - start)
    return round(best * 1000, 1)


class Results:
    """Rows of one run; `file` holds them all after each `add`."""

    def __init__(self, file: Path, machine: dict[str, Any]) -> None:
        self.file, self.machine = file, machine
        self.rows: list[dict[str, Any]] = []
        file.parent.mkdir(parents=True, exist_ok=True)

    def add(self, subject: str, measure: str, variant: str, **figures: Any) -> None:
        """One measurement, printed as a JSON line too."""
        key = {"subject": subject, "measure": measure, "variant": variant}
        row = {**key, **figures, "machine_ms": machine_ms(), "at": time.strftime("%H:%M:%S")}
        self.rows.append(row)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"machine": self.machine, "rows": self.rows}, indent=1, ensure_ascii=False))
        os.replace(fresh, self.file)
        print(json.dumps(row, ensure_ascii=False), flush=True)

    def values(self, subject: str, measure: str, variant: str, figure: str) -> list[float]:
        """Every number of one figure; `figure` may reach into a row, as `own.rss_mb`."""
        found: list[float] = []
        for row in self.rows:
            if (row["subject"], row["measure"], row["variant"]) == (subject, measure, variant):
                value: Any = row
                for name in figure.split("."):
                    value = value.get(name) if isinstance(value, dict) else None
                if isinstance(value, int | float):
                    found.append(float(value))
        return found

    def median(self, subject: str, measure: str, variant: str, figure: str) -> float | None:
        """The median of one figure over the runs; None when it was not measured."""
        found = self.values(subject, measure, variant, figure)
        return statistics.median(found) if found else None

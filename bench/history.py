# SPDX-License-Identifier: MIT
"""`scripts/bench --history`: writes down how large the builds are and how soon the hub starts, and `--check` compares.

bench/history.json grows by an entry a time. Times are processor time of the process, as part of the floor's in the same
run (a Python that imports what any server needs), so that a slower or busier machine says the same. A figure that rose
by more than RISE since the entry before it of the same system fails `scripts/check`, until the newest entry says why
under "explained": {figure: text}.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
HISTORY = ROOT / "bench/history.json"
RISE = 0.10
TIMES = 5
HELD = ("wheel_bytes", "sdist_bytes", "bundle_bytes", "archive_bytes", "import_floors", "start_floors")
FLOOR = "import asyncio, email.message, http.client, json, logging, sqlite3, ssl"
OURS = "import opencode_nexus.app"
READY = b"is ready at"

Entry = dict[str, Any]


def system(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["system"], entry["python"].rpartition(".")[0]


def faults(history: Sequence[Entry]) -> list[str]:
    """Return what rose and is not explained: the newest entry beside the one before it of its system."""
    if not history:
        return []
    newest = history[-1]
    before = next((entry for entry in reversed(history[:-1]) if system(entry) == system(newest)), None)
    if before is None:
        return []
    wrong = []
    for name in HELD:
        now, then = newest["figures"].get(name), before["figures"].get(name)
        explained = str(newest.get("explained", {}).get(name, "")).strip()
        if now and then and now > then * (1 + RISE) and not explained:
            wrong.append(f"{name} rose from {then:g} to {now:g} ({now / then - 1:+.0%}): say why in bench/history.json")
    return wrong


def read() -> list[Entry]:
    entries: list[Entry] = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    return entries


def processor(words: Sequence[str]) -> float:
    """Return the processor time of a Python to its end, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, cwd=ROOT, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def environment() -> dict[str, str]:
    """Return this one's, with bytecode kept as anywhere else, and no setting of a hub."""
    return {k: v for k, v in os.environ.items() if not k.startswith("OPENCODE") and k != "PYTHONDONTWRITEBYTECODE"}


def start(home: Path) -> tuple[float, float]:
    """Start a hub on an empty home folder; returns processor time and time on the wall until it is ready, in ms."""
    words = [sys.executable, "-m", "opencode_nexus", "serve", "--no-open", "--port", "0", "--home", str(home)]
    begun = time.monotonic()
    hub = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(), cwd=home.parent)
    try:
        assert hub.stdout is not None
        if not any(READY in line for line in iter(hub.stdout.readline, b"")):
            raise SystemExit("the hub ended before it was ready")
        wall = time.monotonic() - begun
        spent = psutil.Process(hub.pid).cpu_times()
        return 1000 * (spent.user + spent.system), 1000 * wall
    finally:
        hub.terminate()
        hub.communicate()


def sizes() -> dict[str, float]:
    """Build everything; returns the sizes in bytes."""
    from scripts.artefacts import KINDS
    from scripts.build import KEEP, build

    found: dict[str, float] = {}
    for entry in build(KINDS, KEEP):
        name = entry.kind if entry.kind != "bundle" else "archive" if entry.sha256 else "bundle"
        found[f"{name}_bytes"] = entry.size
    return found


def times() -> dict[str, float]:
    """Measure TIMES times in turn; returns medians."""
    measured: dict[str, list[float]] = {}

    def add(**figures: float) -> None:
        for name, value in figures.items():
            measured.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as scratch:
        start(Path(scratch) / "home")  # once for the bytecode
        for turn in range(TIMES):
            add(floor_ms=processor(["-c", FLOOR]), import_ms=processor(["-c", OURS]))
            spent, wall = start(Path(scratch) / f"home-{turn}")
            add(start_ms=spent, start_wall_ms=wall)
    found = {name: round(median(values), 1) for name, values in measured.items()}
    found["import_floors"] = round(found["import_ms"] / found["floor_ms"], 2)
    found["start_floors"] = round(found["start_ms"] / found["floor_ms"], 2)
    return found


def record(size: Callable[[], dict[str, float]] = sizes, spent: Callable[[], dict[str, float]] = times) -> Entry:
    """Measure and add an entry; returns it."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    entry: Entry = {
        "measured": time.strftime("%F"),
        "commit": commit,
        "system": f"{platform.system().lower()}-{platform.machine().lower()}",
        "python": platform.python_version(),
        "figures": {**spent(), **size()},
        "explained": {},
    }
    history = [*read(), entry]
    draft = HISTORY.with_suffix(".new")
    draft.write_text(json.dumps(history, indent=2) + "\n")
    draft.replace(HISTORY)
    return entry


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --history", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare the newest entry with the one before")
    if not parser.parse_args(words).check:
        print(json.dumps(record(), indent=2))
    wrong = faults(read())
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

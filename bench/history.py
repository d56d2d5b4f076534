# SPDX-License-Identifier: MIT
"""`scripts/bench --history`: writes down how large the builds are and how soon the hub starts, and `--check` compares.

bench/history.json grows by an entry a time. Times are processor time of the process, as part of the floor's in the same
run (a Python that imports what any server needs), so that a slower or busier machine says the same. A figure that rose
by more than RISE since the entry before it of the same system fails `scripts/check`, until the entry says why under
"explained": {figure: text}. The tests compare the sizes of what they build with the newest entry, by `grown`.
"""

import argparse
import json
import os
import platform
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


def grown(figures: Mapping[str, float], then: Entry) -> dict[str, str]:
    """Return which of `figures` are more than RISE above those of the entry `then`, with words for each."""
    return {
        name: f"{name} rose from {before:g} to {now:g} ({now / before - 1:+.0%})"
        for name in HELD
        if (now := figures.get(name)) and (before := then["figures"].get(name)) and now > before * (1 + RISE)
    }


def faults(history: Sequence[Entry]) -> list[str]:
    """Return what is missing, and what rose and is not explained, in each entry beside the one before of its system."""
    wrong = []
    before: dict[tuple[str, str], Entry] = {}
    for entry in history:
        wrong += [
            f"{name} is missing in an entry of {system(entry)[0]}" for name in HELD if name not in entry["figures"]
        ]
        for name, words in grown(entry["figures"], before.get(system(entry), {"figures": {}})).items():
            if not str(entry.get("explained", {}).get(name, "")).strip():
                wrong.append(f"{words}: say why in bench/history.json")
        before[system(entry)] = entry
    return wrong


def newest(history: Sequence[Entry]) -> Entry | None:
    """Return the last entry of this system, None when it has none."""
    here = system(about())
    return next((entry for entry in reversed(history) if system(entry) == here), None)


def about() -> Entry:
    """Return what an entry says of the machine."""
    return {
        "system": f"{platform.system().lower()}-{platform.machine().lower()}",
        "python": platform.python_version(),
    }


def read() -> list[Entry]:
    entries: list[Entry] = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    return entries


def processor(words: Sequence[str]) -> float:
    """Return the processor time of a Python to its end, in ms. Not on Windows, which counts no children."""
    import resource

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
        **about(),
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

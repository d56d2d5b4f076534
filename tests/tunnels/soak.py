# SPDX-License-Identifier: MIT
"""All faults of tunnels, many times: `make soak`, or python tests/edge/isolated.py python -m tests.tunnels.soak.

Resumable: what has passed is kept in soak.json beside this file and is not run again; --fresh forgets it. Prints the
command and the totals; exit status 1 when something failed, or could not be run.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.edge.edge import Edge
from tests.edge.isolated import only_loopback
from tests.tunnels.conftest import CLOUDFLARED
from tests.tunnels.faults import FAULTS
from tests.tunnels.ground import ground

KEPT = Path(__file__).with_name("soak.json")


async def run(told: argparse.Namespace, passed: dict[str, bool], cloudflared: Path) -> dict[str, bool]:
    """Run what has not passed yet, each fault once before any of them twice, until the time is up."""
    deadline = time.monotonic() + 60 * told.minutes
    order, todo = random.Random(told.seed), list[str]()
    for turn in range(told.times):
        todo += [f"{name} {turn}" for name in order.sample(sorted(FAULTS), len(FAULTS))]
    todo = [key for key in todo if not passed.get(key)][::-1]
    outcome: dict[str, bool] = {}

    async def play() -> None:
        while todo and time.monotonic() < deadline:
            key = todo.pop()
            with tempfile.TemporaryDirectory(prefix="nexus-soak-") as folder:
                try:
                    with Edge(Path(folder) / "edge") as edge:
                        async with ground(Path(folder), cloudflared, edge) as made:
                            await FAULTS[key.split()[0]](made)
                    outcome[key] = passed[key] = True
                    KEPT.write_text(json.dumps(passed, indent=1))
                except Exception:
                    traceback.print_exc()
                    outcome[key] = False
            print(f"{'passed' if outcome[key] else 'FAILED'}: {key}", flush=True)

    async with asyncio.TaskGroup() as stages:
        for _ in range(told.stages):
            stages.create_task(play())
    if todo:
        print(f"time is up after {len(outcome)} runs; run it again to go on", flush=True)
    return outcome


def main() -> int:
    """Run, keep what passed, print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many minutes (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the order, and so of what runs beside what")
    parser.add_argument("--times", type=int, default=10, help="runs of each fault (default 10)")
    parser.add_argument("--stages", type=int, default=4, help="runs at the same time: most of each is waiting (4)")
    parser.add_argument("--fresh", action="store_true", help="forget what has passed before")
    args = parser.parse_args()
    cloudflared = Path(os.environ.get("NEXUS_TEST_CLOUDFLARED") or CLOUDFLARED)
    if not only_loopback() or not cloudflared.is_file():
        print("NOT TESTED: faults of tunnels need a network with loopback alone (Linux), and a cloudflared")
        return 1
    passed: dict[str, bool] = {}
    if KEPT.exists() and not args.fresh:
        passed = json.loads(KEPT.read_text())
    outcome = asyncio.run(run(args, passed, cloudflared))
    print(f"command: make soak ARGS='--minutes {args.minutes:g} --seed {args.seed} --times {args.times}' (tunnels)")
    for name in FAULTS:
        mine = [f"{name} {turn}" for turn in range(args.times)]
        failed = sum(outcome.get(key) is False for key in mine)
        print(f"{name}: {sum(bool(passed.get(key)) for key in mine)} of {len(mine)} passed, {failed} failed now")
    failures = sum(not ok for ok in outcome.values())
    print(f"{sum(map(bool, passed.values()))} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

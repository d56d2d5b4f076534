# SPDX-License-Identifier: MIT
"""kill -9 of the hub while it starts, stops, restarts and updates servers, or brings a version of OpenCode: its next
start tells what the machine has.

A round begins an order to some of the servers, strikes at a seeded moment, counts processes without the code under
test, starts the hub again, and compares. As a program (`make soak`) it plays many rounds: --help. Resumable: what has
passed is kept in hub_kills.json beside this file.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fakes.real import find_opencode
from tests.faults.kill_ground import Ground

KEPT = Path(__file__).with_name("hub_kills.json")


def chance_of(seed: int, number: int) -> random.Random:
    """The dice of one round; the same for the same seed and number."""
    return random.Random(f"hub kills {seed} {number}")


async def play(told: argparse.Namespace, passed: dict[str, str]) -> int:
    """Play what has not passed yet until the time is up; returns how many rounds failed."""
    opencode = find_opencode()
    if opencode is None:
        sys.exit("no OpenCode to test with: run scripts/setup test first")
    deadline, failed = time.monotonic() + 60 * told.minutes, 0
    todo = [number for number in range(told.times) if not passed.get(f"{told.seed} {number}")]
    real = {number: told.real > 0 and number % told.real == told.real - 1 for number in todo}
    with tempfile.TemporaryDirectory(prefix="nexus-kills-") as folder:
        for which in (False, True):  # one ground after the other: four servers of the real one are enough
            chosen = [number for number in todo if real[number] is which]
            if not chosen:
                continue
            ground = Ground(Path(folder) / ("real" if which else "stand-in"), opencode, real=which)
            try:
                await asyncio.to_thread(ground.open)
                for number in chosen:
                    if time.monotonic() > deadline:
                        print("time is up; run it again to go on", flush=True)
                        break
                    try:
                        asked = await ground.strike(chance_of(told.seed, number))
                    except Exception:
                        traceback.print_exc()
                        failed += 1
                        continue
                    passed[f"{told.seed} {number}"] = f"{asked}, {'real' if which else 'stand-in'}"
                    KEPT.write_text(json.dumps(passed, indent=1))
            finally:
                await asyncio.to_thread(ground.close)
    return failed


def main() -> int:
    """Play, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many minutes (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=50, help="rounds (default 50)")
    parser.add_argument("--real", type=int, default=5, help="every so many rounds with the real OpenCode (0: never)")
    parser.add_argument("--fresh", action="store_true", help="forget what has passed before")
    args = parser.parse_known_args()[0]
    passed: dict[str, str] = json.loads(KEPT.read_text()) if KEPT.exists() and not args.fresh else {}
    failed = asyncio.run(play(args, passed))
    done = [told for number in range(args.times) if (told := passed.get(f"{args.seed} {number}"))]
    print(f"command: python -m tests.faults.hub_kills --seed {args.seed} --times {args.times} --real {args.real}")
    print(f"hub killed while it orders servers: {len(done)} of {args.times} passed, {failed} failed now")
    orders = Counter(f"{told.split()[0]} ({told.rpartition(', ')[2]})" for told in done)
    print(", ".join(f"{count} {order}" for order, count in sorted(orders.items())), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

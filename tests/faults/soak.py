# SPDX-License-Identifier: MIT
"""The faults at their full counts: `make soak`, or python -m tests.faults.soak (--help lists what it takes).

Resumable: what has passed is kept in soak.json beside this file, by seed, and is not run again; --fresh forgets it.
Prints the command, the seed and the totals; exit status 1 when something failed.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import FLAGS
from tests.fakes.real import find_opencode
from tests.faults.scenarios import SCENARIOS, moments
from tests.faults.stage import Stage

KEPT = Path(__file__).with_name("soak.json")


async def run(told: argparse.Namespace, passed: dict[str, bool]) -> dict[str, bool]:
    """Run what has not passed yet until the time is up; returns the outcome of each that ran."""
    opencode = find_opencode()
    if opencode is None:
        sys.exit("no OpenCode to test with: run scripts/setup test first")
    deadline = time.monotonic() + 60 * told.minutes
    todo = [(name, moment) for name in SCENARIOS for moment in moments(name, told.times, told.seed)]
    todo = [(name, moment) for name, moment in todo if not passed.get(f"{told.seed} {name} {moment}")][::-1]
    outcome: dict[str, bool] = {}
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    binary = os.environ.get("NEXUS_TEST_CHROMIUM", "/usr/bin/chromium")

    async def play(folder: Path, browser: Browser) -> None:
        folder.mkdir()
        stage = Stage(folder, opencode, browser)
        try:
            await stage.open()
            while todo and time.monotonic() < deadline:
                name, moment = todo.pop()
                key = f"{told.seed} {name} {moment}"
                try:
                    await SCENARIOS[name](stage, moment)
                    outcome[key] = passed[key] = True
                    KEPT.write_text(json.dumps(passed, indent=1))
                except Exception:
                    traceback.print_exc()
                    outcome[key] = False
                print(f"{'passed' if outcome[key] else 'FAILED'}: {name} at {moment}", flush=True)
        finally:
            await stage.close()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=[*FLAGS, *root])
        with tempfile.TemporaryDirectory(prefix="nexus-soak-") as folder:
            async with asyncio.TaskGroup() as stages:
                for number in range(told.stages):
                    stages.create_task(play(Path(folder) / str(number), browser))
        await browser.close()
    if todo:
        print(f"time is up after {len(outcome)} runs; run it again to go on", flush=True)
    return outcome


def main() -> int:
    """Run, keep what passed, print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many minutes (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=20, help="moments for each fault (default 20)")
    parser.add_argument("--stages", type=int, default=2, help="hubs at the same time, each with its own OpenCode (2)")
    parser.add_argument("--fresh", action="store_true", help="forget what has passed before")
    args = parser.parse_args()
    passed: dict[str, bool] = {}
    if KEPT.exists() and not args.fresh:
        passed = json.loads(KEPT.read_text())
    outcome = asyncio.run(run(args, passed))
    print(f"command: make soak ARGS='--minutes {args.minutes:g} --seed {args.seed} --times {args.times}'")
    wanted = [f"{args.seed} {name} {m}" for name in SCENARIOS for m in moments(name, args.times, args.seed)]
    for name in SCENARIOS:
        mine = [key for key in wanted if key.startswith(f"{args.seed} {name} ")]
        failed = sum(outcome.get(key) is False for key in mine)
        print(f"{name}: {sum(bool(passed.get(key)) for key in mine)} of {len(mine)} passed, {failed} failed now")
    failures = sum(not ok for ok in outcome.values())
    print(f"{sum(bool(passed.get(key)) for key in wanted)} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

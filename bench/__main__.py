# SPDX-License-Identifier: MIT
"""`scripts/bench`: measures Nexus and OpenCode's own page in one run, then prints the table."""

import argparse
import asyncio
import os
import platform
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bench import report
from bench.folders import Folders
from bench.measures import inbox, lighthouse, load, logs, long, past, search, startup, stream, tunnel, viewers, wake
from bench.nexus import Nexus
from bench.opencode_page import OpenCodePage
from bench.process import free_port
from bench.provider import Provider
from bench.results import Results
from bench.run import Run
from bench.subject import DEEP, MESSAGES, SHORT, Subject
from tests.fakes.real import find_opencode

MEASURES: dict[str, Callable[[Run], Awaitable[None]]] = {
    "startup": startup.measure,
    "load": load.measure,
    "lighthouse": lighthouse.measure,
    "long": long.measure,
    "past": past.measure,
    "search": search.measure,
    "inbox": inbox.measure,
    "logs": logs.measure,
    "stream": stream.measure,
    "wake": wake.measure,
    "viewers": viewers.measure,
    "tunnel": tunnel.measure,
}
SUBJECTS: dict[str, type[Subject]] = {"opencode": OpenCodePage, "nexus": Nexus}
CHROMIUM = (
    "--no-sandbox --headless=new --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--measures", default=",".join(MEASURES), help="of these, separated by commas")
    parser.add_argument("--subjects", default=",".join(SUBJECTS), help="of these, separated by commas")
    parser.add_argument("--times", type=int, default=5, help="how often each figure is measured (5)")
    parser.add_argument("--out", type=Path, default=Path("bench/results/latest.json"))
    return parser.parse_args()


def version(*command: str | Path) -> str:
    return subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout.strip()


async def main(told: argparse.Namespace, root: Path) -> None:
    """Starts everything below `root`, measures, prints; leaves nothing running, not even when interrupted."""
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, me.cancel)
    opencode = find_opencode()
    if opencode is None:
        raise SystemExit("no OpenCode to measure: run scripts/setup test")
    chromium = Path(os.environ.get("NEXUS_TEST_CHROMIUM", "/usr/bin/chromium"))
    opencode_version = version(opencode)
    machine = {
        "cores": os.cpu_count(),
        "Python": platform.python_version(),
        "OpenCode": opencode_version,
        "browser": version(chromium),
        "measured": time.strftime("%F %T"),
        "times": told.times,
    }
    provider = Provider(root)
    subjects: list[Subject] = []
    for name in told.subjects.split(","):
        folders = Folders(root / name, provider.url)
        subjects.append(SUBJECTS[name](folders, opencode, root / "log", free_port()))
    results = Results(told.out, machine)
    try:
        async with async_playwright() as playwright:

            async def launch(more: list[str]) -> Browser:
                flags = [*CHROMIUM, *more]
                return await playwright.chromium.launch(executable_path=chromium, headless=True, args=flags)

            browser = await launch([])
            run = Run(subjects, browser, launch, provider, results, told.times)
            for subject in subjects:
                await asyncio.to_thread(subject.start)
                for count in (SHORT, MESSAGES, DEEP):
                    await asyncio.to_thread(subject.import_chat, count, opencode_version)
            for name in told.measures.split(","):
                await MEASURES[name](run)
            await browser.close()
    finally:
        for subject in subjects:
            subject.stop()
        provider.stop()
    print(
        "\n"
        + report.table(results)
        + report.tunnel_table(results)
        + report.search_table(results)
        + report.logs_table(results)
        + report.lighthouse_table(results)
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as scratch, suppress(asyncio.CancelledError):
        asyncio.run(main(options(), Path(scratch)))

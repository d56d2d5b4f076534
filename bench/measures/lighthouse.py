# SPDX-License-Identifier: MIT
"""Lighthouse on the start page and on a chat, signed in, as a phone: its three scores and the audits that failed.

Lighthouse has a lock of its own beside this package, so that the tests do not install its 186 MB.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

from bench.noise import Noise
from bench.process import Proc
from bench.run import Run
from bench.subject import SHORT, Subject

PROGRAM = Path(__file__).parent.parent / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
FIGURES = {
    "fcp_ms": "first-contentful-paint",
    "lcp_ms": "largest-contentful-paint",
    "tbt_ms": "total-blocking-time",
    "speed_ms": "speed-index",
    "shift": "cumulative-layout-shift",
}
CHROME = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
MOST_SECONDS = 180
FULL = 1.0


async def measure(run: Run) -> None:
    """Variants `dashboard` and `chat` (of 30 messages); Lighthouse's own phone: 412 px, slow 4G, CPU × 4, simulated."""
    node = shutil.which("node")
    if node is None or not PROGRAM.is_file():
        raise SystemExit("no Lighthouse to measure with: install Node.js 20 or newer and run scripts/setup bench")
    chromium = os.environ.get("NEXUS_TEST_CHROMIUM", "/usr/bin/chromium")
    for time in range(run.times):
        for subject in run.subjects:
            pages = {"dashboard": subject.base + "/", "chat": subject.chat_url(subject.chats[SHORT].id)}
            for name, url in pages.items():
                with Noise() as noise:
                    told = await asyncio.to_thread(once, [node, str(PROGRAM)], chromium, subject, url)
                run.results.add(subject.name, "lighthouse", name, run=time, others=noise.others, **figures(told))


def once(command: list[str], chromium: str, subject: Subject, url: str) -> dict[str, Any]:
    """Lighthouse's report on one page; raises RuntimeError when it could not load it."""
    folder = subject.folders.root / "tmp"
    report, headers = folder / "lighthouse.json", folder / "lighthouse-headers.json"
    report.unlink(missing_ok=True)
    headers.touch(0o600)
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in subject.cookies())
    headers.write_text(json.dumps({"Cookie": cookies} if cookies else {}))
    words = [
        *command, url, "--quiet", "--no-enable-error-reporting", "--output=json", f"--output-path={report}",
        f"--only-categories={','.join(CATEGORIES)}", f"--extra-headers={headers}", f"--chrome-flags={CHROME}",
    ]  # fmt: skip
    environ = subject.folders.environ(CHROME_PATH=chromium)
    log = subject.logs / "lighthouse.log"
    log.unlink(missing_ok=True)
    program = Proc(words, folder, environ, log)
    try:
        code = program.popen.wait(MOST_SECONDS)
    finally:
        program.stop()  # its browser too
    if code or not report.is_file():
        raise RuntimeError(f"Lighthouse failed at {url}: {log.read_text(errors='replace')[-2000:]}")
    told: dict[str, Any] = json.loads(report.read_text())
    if wrong := told.get("runtimeError"):
        raise RuntimeError(f"Lighthouse failed at {url}: {wrong['message']}")
    if told["finalDisplayedUrl"] != url:
        raise RuntimeError(f"Lighthouse saw {told['finalDisplayedUrl']} instead of {url}")
    return told


def figures(told: dict[str, Any]) -> dict[str, Any]:
    """Scores from 0 to 100, what they are made of, and by category the audits below the full score.

    `cpu_index` is Lighthouse's own measure of the machine, taken beside the page; it distrusts what is under 1000.
    """
    audits: dict[str, Any] = told["audits"]
    found: dict[str, Any] = {}
    failed: dict[str, dict[str, str]] = {}
    for name in CATEGORIES:
        category = told["categories"][name]
        score = category["score"]
        found[name.replace("-", "_")] = None if score is None else round(score * 100)
        # An audit of no weight costs no point; those of performance that do are the figures below.
        counted = [audits[ref["id"]] for ref in category["auditRefs"] if ref["weight"]]
        failed[name] = {
            audit["id"]: audit.get("displayValue") or audit["title"]
            for audit in counted
            if audit["score"] is not None and audit["score"] < FULL
        }
    found.update({name: round(audits[audit].get("numericValue") or 0, 3) for name, audit in FIGURES.items()})
    return {**found, "cpu_index": round(told["environment"]["benchmarkIndex"]), "failed": failed}

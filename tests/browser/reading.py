# SPDX-License-Identifier: MIT
"""What a screen reader is given of a page, as golden files. `NEXUS_TEST_WRITE=1` writes them anew."""

import asyncio
import difflib
import os
import re
import time
from pathlib import Path

from playwright.async_api import Page

GOLDEN = Path(__file__).parent / "golden"
PATIENCE = 30.0  # seconds; only ends a test that waits for something that never comes
# Words that differ from run to run.
CHANGING = (
    (re.compile(r"\bsrv_\w+"), "SERVER"),
    (re.compile(r"\b(ses|msg|prt|per|que)_\w+"), r"\1"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\bat=\d+"), "at=TIME"),
    (re.compile(r"\d+ messages of \d+ chats, \d+ KB"), "SIZE"),
)


async def _read(page: Page) -> list[str]:
    seen = await page.get_by_role("main").aria_snapshot()
    for pattern, word in CHANGING:
        seen = pattern.sub(word, seen)
    return seen.splitlines()


async def as_it_was(page: Page, name: str) -> None:
    """What `main` holds reads as its golden file says, once the last of it is there."""
    path = GOLDEN / f"{name}.yaml"
    if os.environ.get("NEXUS_TEST_WRITE"):
        path.write_text("\n".join(await _read(page)) + "\n", encoding="utf-8")
    golden, until = path.read_text(encoding="utf-8").splitlines(), time.monotonic() + PATIENCE
    while (seen := await _read(page)) != golden and time.monotonic() < until:
        await asyncio.sleep(0.2)
    assert seen == golden, "\n".join([f"{name} reads in another way", *difflib.unified_diff(golden, seen, lineterm="")])

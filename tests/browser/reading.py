# SPDX-License-Identifier: MIT
"""What a screen reader is given of a page, as golden files. `NEXUS_TEST_WRITE=1` writes them anew."""

import os
import re
from pathlib import Path

from playwright.async_api import Page

GOLDEN = Path(__file__).parent / "golden"
# Words that differ from run to run.
CHANGING = (
    (re.compile(r"\bsrv_\w+"), "SERVER"),
    (re.compile(r"\b(ses|msg|prt|per|que)_\w+"), r"\1"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\bat=\d+"), "at=TIME"),
    (re.compile(r"\d+ messages of \d+ chats, \d+ KB"), "SIZE"),
)


async def as_it_was(page: Page, name: str) -> None:
    """What `main` holds reads as its golden file says."""
    seen = await page.get_by_role("main").aria_snapshot() + "\n"
    for pattern, word in CHANGING:
        seen = pattern.sub(word, seen)
    path = GOLDEN / f"{name}.yaml"
    if os.environ.get("NEXUS_TEST_WRITE"):
        path.write_text(seen, encoding="utf-8")
    assert seen.splitlines() == path.read_text(encoding="utf-8").splitlines(), f"{name} reads in another way"

# SPDX-License-Identifier: MIT
"""Makes docs/images/chat.png from the running app: scripts/picture. The real OpenCode, with the practice model."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.conftest import FLAGS
from tests.browser.talk import begin
from tests.browser.walk import Walk
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT, find_opencode

TARGET = ROOT / "docs/images/chat.png"
FILES = {
    "README.md": "# atlas\n\nMaps of everything we run.\n",
    "pyproject.toml": '[project]\nname = "atlas"\n',
    "src/atlas.py": "",
}


async def draw(hub: RealHub, chromium: str) -> None:
    """Have a chat that waits for a permission, and take its picture."""
    talk = begin(hub, "")
    await asyncio.to_thread(talk.say, "Have a look at this project and leave a note.")
    await asyncio.to_thread(talk.asked)
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *root])
        walk = Walk(browser)
        page = await walk.signed_in(hub.url, 1200)
        await page.goto(hub.url + talk.path)
        await page.get_by_role("button", name="Allow once").wait_for()
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=TARGET)
        await walk.close()
        await browser.close()


def main() -> int:
    """Make the picture."""
    opencode = find_opencode()
    if opencode is None:
        sys.exit("no OpenCode at hand: run scripts/setup test first")
    chromium = os.environ.get("NEXUS_TEST_CHROMIUM", "/usr/bin/chromium")
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder, RealHub(Path(folder), opencode) as hub:
        for name, text in FILES.items():
            (hub.project / name).parent.mkdir(parents=True, exist_ok=True)
            (hub.project / name).write_text(text)
        done = hub.set_up("--practice")
        assert done.returncode == 0, done.stderr
        hub.start()
        hub.make_token()
        asyncio.run(draw(hub, chromium))
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Makes docs/images from the running app: scripts/picture [name …]. The real OpenCode, with the practice model."""

import asyncio
import base64
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.browser.conftest import FLAGS
from tests.browser.talk import Talk, begin
from tests.browser.walk import PATIENCE
from tests.browser.wizard import setup_code
from tests.fakes.hub import OWNER, PASSWORD, RealHub
from tests.fakes.real import ROOT, find_opencode

FOLDER = ROOT / "docs/images"
QUALITY = 82  # of WebP: below it letters get a shade around them
FILES = {
    "README.md": "# atlas\n\nMaps of everything we run.\n",
    "pyproject.toml": '[project]\nname = "atlas"\n',
    "src/atlas.py": "",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """`path` below the hub's address ("{chat}": the chat that waits); shown when `waits_for` is there."""

    path: str
    waits_for: str
    width: int = 1200
    height: int = 800
    dark: bool = False


PICTURES = {
    "dashboard": Picture("", ".server"),
    "chat": Picture("{chat}", "text=Allow once"),
    "phone": Picture("{chat}", "text=Allow once", 375, 720, dark=True),
    "inbox": Picture("inbox", "text=Allow once", height=640),
    "remote": Picture("remote", "h1"),
}
SETUP = "setup"  # of a hub that is not set up


async def opened(browser: Browser, picture: Picture) -> Page:
    """Return an empty page as large as the picture; a phone has two dots a pixel."""
    phone = picture.width < 500
    context = await browser.new_context(
        viewport=ViewportSize(width=picture.width, height=picture.height),
        device_scale_factor=2 if phone else 1,
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
        has_touch=phone,
        is_mobile=phone,
        locale="en-GB",
    )
    context.set_default_timeout(PATIENCE)
    return await context.new_page()


async def keep(page: Page, name: str) -> None:
    """Write what the page shows as a WebP, which Playwright itself does not do, and close the page."""
    session = await page.context.new_cdp_session(page)
    shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    target = FOLDER / f"{name}.webp"
    target.write_bytes(base64.b64decode(shot["data"]))
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")
    await page.context.close()


async def draw(browser: Browser, hub: RealHub, names: list[str]) -> None:
    """Have a chat that is done and one that waits for a permission, and take the pictures."""
    waits = await asyncio.to_thread(chats, hub)
    for name in names:
        picture = PICTURES[name]
        page = await opened(browser, picture)
        form: dict[str, str | float | bool] = {"username": OWNER, "password": PASSWORD}
        await page.context.request.post(hub.url + "login", form=form, max_redirects=0)
        await page.goto(hub.url + picture.path.format(chat=waits.path))
        await page.locator(picture.waits_for).first.wait_for()
        await keep(page, name)


def chats(hub: RealHub) -> Talk:
    """Have both chats; returns the one that waits."""
    done = begin(hub, "Look for what is out of date")
    done.say("Look for what is out of date.")
    done.reply("once")
    done.finished()
    waits = begin(hub, "Have a look at this project")
    waits.say("Have a look at this project and leave a note.")
    waits.asked()
    return waits


async def draw_setup(browser: Browser, hub: RealHub) -> None:
    """Take the picture of the first step, in a hub that nobody has set up."""
    page = await opened(browser, Picture("setup", "h1", height=640))
    await page.goto(hub.url)
    await page.get_by_label("Set-up code").fill(setup_code(hub))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await keep(page, SETUP)


async def all_of(names: list[str], opencode: Path, folder: Path) -> None:
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    chromium = os.environ.get("NEXUS_TEST_CHROMIUM", "/usr/bin/chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *root])
        if SETUP in names:
            with RealHub(folder / "new", opencode) as hub:
                await asyncio.to_thread(hub.start)
                await draw_setup(browser, hub)
        if names := [name for name in names if name in PICTURES]:
            with RealHub(folder / "atlas", opencode) as hub:
                await asyncio.to_thread(furnish, hub)
                await draw(browser, hub, names)
        await browser.close()


def furnish(hub: RealHub) -> None:
    """Set the hub up with a project that has something in it."""
    for name, text in FILES.items():
        (hub.project / name).parent.mkdir(parents=True, exist_ok=True)
        (hub.project / name).write_text(text)
    done = hub.set_up("--practice")
    assert done.returncode == 0, done.stderr
    hub.start()
    hub.make_token()


def main(names: list[str]) -> int:
    """Make the pictures named, or all."""
    there = [SETUP, *PICTURES]
    if unknown := [name for name in names if name not in there]:
        sys.exit(f"no picture is called {', '.join(unknown)}; there are {', '.join(there)}")
    opencode = find_opencode()
    if opencode is None:
        sys.exit("no OpenCode at hand: run scripts/setup test first")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        asyncio.run(all_of(names or there, opencode, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: MIT
"""A real hub with the real OpenCode, and Chromium in front of it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.talk import running
from tests.browser.tour import Tour, furnish
from tests.browser.walk import Walk
from tests.fakes.hub import RealHub

# Nothing of Chromium's own talks to the network; the sandbox needs a user that is not root.
FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


@pytest.fixture(scope="session")
async def chromium(chromium_binary: Path) -> AsyncIterator[Browser]:
    """One Chromium for all tests; each takes a context of its own."""
    root = getattr(os, "geteuid", lambda: 1)() == 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_binary, args=[*FLAGS, *(["--no-sandbox"] if root else [])]
        )
        yield browser
        await browser.close()


def _set_up(root: Path, opencode: Path) -> Iterator[RealHub]:
    with RealHub(root, opencode) as hub:
        done = hub.set_up("--practice")
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub that was set up by command, with the practice model, a token, and its server running."""
    yield from _set_up(tmp_path_factory.mktemp("hub"), opencode_binary)


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path) -> Iterator[Tour]:
    """Every page, with something on it; for tests that only look."""
    for hub in _set_up(tmp_path_factory.mktemp("tour"), opencode_binary):
        yield furnish(hub)


@pytest.fixture
async def walk(chromium: Browser) -> AsyncIterator[Walk]:
    """Opens pages in contexts that are closed at the end of the test; a page's own errors fail it."""
    walk = Walk(chromium)
    yield walk
    await walk.close()

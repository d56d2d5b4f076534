# SPDX-License-Identifier: MIT
"""One stage for all faults: each takes a session of its own on it, as a user's hub does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import chromium
from tests.faults.stage import Stage

__all__ = ["chromium", "stage"]


@pytest.fixture(scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, chromium: Browser
) -> AsyncIterator[Stage]:
    """A hub with its server running, and a page that is signed in."""
    made = Stage(tmp_path_factory.mktemp("stage"), opencode_binary, chromium)
    try:
        await made.open()
        yield made
    finally:
        await made.close()

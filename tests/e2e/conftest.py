# SPDX-License-Identifier: MIT
"""A real hub with a real OpenCode, shared by the tests of a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.browser.conftest import chromium, walk
from tests.e2e.road import Road
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

__all__ = ["chromium", "walk"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which this file's hub keeps everything."""
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def provider(root: Path) -> Iterator[Provider]:
    """A scripted provider with its own log of what it said."""
    provider = Provider(root / "provider.log")
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def hub(root: Path, provider: Provider, opencode_binary: Path) -> Iterator[RealHub]:
    """A running hub that was set up by command; its project knows only the scripted provider."""
    with RealHub(root, opencode_binary) as hub:
        (hub.project / "opencode.json").write_text(json.dumps(provider.config()))
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        yield hub


@pytest.fixture(scope="module")
def api(hub: RealHub) -> Iterator[httpx2.Client]:
    """A client of the hub's API."""
    with hub.api() as client:
        yield client


@pytest.fixture(scope="module")
def road(api: httpx2.Client) -> Road:
    """What a program does again and again, over the API alone, on the server that the set-up made."""
    (server,) = api.get("/servers").json()["items"]
    return Road(api, server["id"])

# SPDX-License-Identifier: MIT
"""Fixtures that every kind of test shares."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ("tests.leaks", "tests.hangs")  # secrets in any output; async tests that hang

ROOT = Path(__file__).resolve().parent.parent
BASE_FOLDERS = {
    "HOME": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
}
# A test is never about time, which another worker takes as well.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What shares an OpenCode or a hub that is slow to start, by the beginning of the file's name.
TOUR = tuple(f"tests/browser/test_{name}" for name in ("accessibility", "axe", "pair", "search"))
SHARED = {"tests/contract/": "contract", **dict.fromkeys(TOUR, "tour")}


class Lanes(LoadFileScheduling):  # type: ignore[misc] # xdist 3.8 has no types
    """With several workers: each file goes to one of them, and files that share something to the same."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((lane for start, lane in SHARED.items() if file.startswith(start)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    # --dist loadgroup would say the same with marks, but xdist 3.8 no longer sees them with pytest 9.2 (measured)
    return Lanes(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked anyio run on asyncio; session-wide, so that fixtures of any scope may be async."""
    return "asyncio"


@pytest.fixture(scope="session")
def opencode_binary() -> Path:
    """The real platform binary of OpenCode: NEXUS_TEST_OPENCODE, else what `scripts/setup test` installed."""
    named = os.environ.get("NEXUS_TEST_OPENCODE")
    found = [Path(named)] if named else sorted(ROOT.glob("node_modules/opencode-*/bin/opencode*"))
    if not found or not found[0].is_file():
        pytest.fail(
            f"no OpenCode to test with ({named or 'node_modules/opencode-*/bin'}): run scripts/setup test, "
            "or name a binary in NEXUS_TEST_OPENCODE",
            pytrace=False,
        )
    return found[0]


@pytest.fixture(scope="session")
def chromium_binary() -> Path:
    """The system's Chromium: NEXUS_TEST_CHROMIUM, else the first one on PATH."""
    names = (os.environ.get("NEXUS_TEST_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium to test with: run scripts/setup test, or name it in NEXUS_TEST_CHROMIUM")
    return Path(found)


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME with empty XDG folders, and no setting of OpenCode or Nexus left over from outside."""
    folder = tmp_path / "home"
    for name, below in BASE_FOLDERS.items():
        (folder / below).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder / below))
    for name in list(os.environ):
        if name.startswith(("OPENCODE_", "OPENCODE_NEXUS_")):
            monkeypatch.delenv(name)
    return folder

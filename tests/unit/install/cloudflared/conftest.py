# SPDX-License-Identifier: MIT
"""An installer on an empty home, and a release page whose builds are small programs that say they are cloudflared."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page, tiny_program

SAYS = "cloudflared version 2026.6.0 (built 2026-06-09-09:33 UTC)\n"
BUILD = "cloudflared-linux-amd64"


def program(says: str = SAYS) -> bytes:
    return tiny_program.program(says)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def words(sums: dict[str, str]) -> str:
    """What cloudflared's makers write about a release."""
    lines = "\n".join(f"{name}: {value}" for name, value in sums.items())
    return f"### SHA256 Checksums:\n```\n{lines}\n```\n"


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def set(self, key: str, value: Any) -> None:
        self.values[key] = value


class Bench:
    """An installer on an empty home, with a PATH that holds nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kv, self.setting = folder, Memory(), ""
        self.path, self.home = folder / "path", folder / "home"
        self.path.mkdir()
        self.clock = ManualClock()
        self.tasks, self.bus = Tasks(), Bus(self.clock)
        self.environ = {"PATH": str(self.path), "HOME": str(folder / "user")}
        self.page = ReleasePage("http://127.0.0.1:9", tag="")
        self.fitting: Sequence[str] = [BUILD]
        self.pins: dict[str, str] = {}

    def installer(self) -> CloudflaredInstaller:
        return CloudflaredInstaller(
            home=self.home, bus=self.bus, kv=self.kv, clock=self.clock, tasks=self.tasks,
            setting=lambda: self.setting, environ=self.environ, page=self.page, fitting=lambda: self.fitting,
            pins=self.pins,
        )  # fmt: skip

    def put(self, place: Path, data: bytes) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(0o755)
        return place

    def leftovers(self) -> list[str]:
        return sorted(str(path.relative_to(self.home)) for path in self.home.glob("**/*") if path.is_file())


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    if not tiny_program.available():
        pytest.skip("the small program is machine code for Linux on x64 and arm64")
    monkeypatch.setattr("opencode_nexus.install.find._SYSTEM_PLACES", ())
    made = Bench(tmp_path)
    yield made
    await made.tasks.close()


@pytest.fixture
def page(bench: Bench) -> Iterator[release_page.ReleasePage]:
    """A release page with the build for Linux on x64, which `bench` asks."""
    data = program()
    with release_page.ReleasePage("2026.6.0", {BUILD: data}, tag="", text=words({BUILD: sha256(data)})) as served:
        bench.page = ReleasePage(served.base, tag="")
        yield served

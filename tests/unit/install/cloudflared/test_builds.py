# SPDX-License-Identifier: MIT
"""Every platform's build: its name, and that it is fetched, unpacked, verified and run as that platform has it."""

from pathlib import Path

import pytest

from opencode_nexus.install.cloudflared.builds import PINS, VERSION, builds, is_archive
from opencode_nexus.install.release import ReleasePage
from tests.fakes import release_page
from tests.unit.install.cloudflared.conftest import Bench, program, sha256, words

LINUX, MAC, WINDOWS = "cloudflared-linux-{}", "cloudflared-darwin-{}.tgz", "cloudflared-windows-{}.exe"
PLATFORMS = [
    ("linux", "x86_64", [LINUX.format("amd64")]),
    ("linux", "aarch64", [LINUX.format("arm64")]),
    ("linux", "armv7l", [LINUX.format("armhf"), LINUX.format("arm")]),
    ("linux", "armv8l", [LINUX.format("armhf"), LINUX.format("arm")]),
    ("linux", "armv6l", [LINUX.format("arm")]),
    ("linux", "armv5tel", [LINUX.format("arm")]),
    ("linux", "i686", [LINUX.format("386")]),
    ("darwin", "x86_64", [MAC.format("amd64")]),
    ("darwin", "arm64", [MAC.format("arm64")]),
    ("win32", "AMD64", [WINDOWS.format("amd64")]),
    ("win32", "ARM64", [WINDOWS.format("amd64"), WINDOWS.format("386")]),
    ("win32", "x86", [WINDOWS.format("386")]),
]
# every program that a release holds (2026.9.3; packages of package managers left out)
RELEASE = {
    *(LINUX.format(kind) for kind in ("amd64", "arm64", "arm", "armhf", "386")),
    *(MAC.format(kind) for kind in ("amd64", "arm64")),
    *(WINDOWS.format(kind) for kind in ("amd64", "386")),
}


@pytest.mark.parametrize(("system", "processor", "names"), PLATFORMS)
def test_the_builds_of_a_machine_best_first(system: str, processor: str, names: list[str]) -> None:
    assert builds(system, processor) == names


@pytest.mark.parametrize(("system", "processor"), [("linux", "riscv64"), ("freebsd14", "amd64"), ("darwin", "ppc")])
def test_a_machine_that_nothing_is_published_for(system: str, processor: str) -> None:
    assert builds(system, processor) == []


def test_every_build_of_a_release_is_some_machines_and_no_other_is_asked_for() -> None:
    assert {name for _, _, names in PLATFORMS for name in names} == RELEASE
    assert PINS.keys() <= RELEASE
    assert {name for name in RELEASE if is_archive(name)} == {MAC.format("amd64"), MAC.format("arm64")}


def test_this_machine_is_one_that_cloudflared_is_published_for() -> None:
    assert builds()


@pytest.mark.anyio
@pytest.mark.parametrize("build", sorted(RELEASE))
async def test_each_build_is_brought_as_it_is_packed(bench: Bench, build: str) -> None:
    inside = program()
    packed = release_page.tar_gz({"cloudflared": inside}) if build.endswith(".tgz") else inside
    bench.fitting, bench.pins = [build], {build: sha256(inside)}
    with release_page.ReleasePage(VERSION, {build: packed}, tag="", text=words({build: sha256(inside)})) as page:
        bench.page = ReleasePage(page.base, tag="")
        installer = bench.installer()
        installer.bring()
        brought = await installer.wait()
    assert (brought.version, brought.sha256) == ((2026, 6, 0), sha256(inside))
    assert brought.path.read_bytes() == inside
    assert brought.path == installer.versions.path(VERSION)
    assert bench.leftovers() == [str(Path("cloudflared", "versions", VERSION, brought.path.name))]

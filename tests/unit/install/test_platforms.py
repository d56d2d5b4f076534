# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.install.platforms import Machine, this_machine


@pytest.mark.parametrize(
    ("machine", "builds"),
    [
        (
            Machine("linux", "x64"),
            ["linux-x64", "linux-x64-baseline", "linux-x64-musl", "linux-x64-baseline-musl"],
        ),
        (
            Machine("linux", "x64", avx2=False, musl=True),
            ["linux-x64-baseline-musl", "linux-x64-musl", "linux-x64-baseline", "linux-x64"],
        ),
        (Machine("linux", "arm64"), ["linux-arm64", "linux-arm64-musl"]),
        (Machine("linux", "arm64", musl=True), ["linux-arm64-musl", "linux-arm64"]),
        (Machine("darwin", "arm64"), ["darwin-arm64"]),
        (Machine("darwin", "x64", avx2=False), ["darwin-x64-baseline", "darwin-x64"]),
        (Machine("windows", "x64"), ["windows-x64", "windows-x64-baseline"]),
        (Machine("windows", "arm64"), ["windows-arm64"]),
        (Machine("freebsd", "x64"), []),
        (Machine("linux", "riscv64"), []),
    ],
)
def test_builds_in_the_order_of_opencodes_own_installer(machine: Machine, builds: list[str]) -> None:
    assert machine.builds() == builds


def test_this_machine_is_one_that_opencode_is_published_for() -> None:
    assert this_machine().builds()

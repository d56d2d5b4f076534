# SPDX-License-Identifier: MIT
"""A hub on a machine without cloudflared, which brings it from the release page that runs beside the test."""

import os
from pathlib import Path
from unittest import mock

import pytest

from opencode_nexus.cli.main import main
from opencode_nexus.install import find
from opencode_nexus.install.cloudflared import installer
from opencode_nexus.install.cloudflared.builds import PINS, VERSION, builds, is_archive
from opencode_nexus.install.installer import Installer
from tests.edge.edge import Edge
from tests.fakes import release_page
from tests.fakes.tiny_hub import TinyHub, binary
from tests.tunnels.conftest import to_the_edge

ADDRESS = "NEXUS_TEST_RELEASE_PAGE"


def genuine_page(program: Path) -> release_page.ReleasePage:
    """A release page with the genuine `program` as this machine's build of the version that is pinned."""
    build = builds()[0]
    if build not in PINS:
        pytest.skip(f"NOT TESTED: no sum of {build} is pinned")
    packed = program.read_bytes()
    if is_archive(build):
        packed = release_page.tar_gz({"cloudflared": packed})
    text = f"### SHA256 Checksums:\n```\n{build}: {PINS[build]}\n```\n"
    return release_page.ReleasePage(VERSION, {build: packed}, tag="", text=text)


class BroughtHub(TinyHub):
    """Nothing is on its PATH."""

    module = "tests.tunnels.brought_hub"

    def __init__(self, root: Path, opencode: Path, edge: Edge, page: release_page.ReleasePage) -> None:
        environ = to_the_edge(edge, Path())
        del environ["OPENCODE_NEXUS_CLOUDFLARED_BINARY"]
        (root / "empty").mkdir(parents=True)
        environ |= {
            "PATH": str(root / "empty"),
            ADDRESS: page.base,
        }
        super().__init__(root, opencode, **environ)


if __name__ == "__main__":
    with (
        mock.patch.object(installer, "BASE", os.environ[ADDRESS]),
        mock.patch.object(find, "_SYSTEM_PLACES", ()),
        mock.patch.object(Installer, "binary", binary),
    ):
        main()

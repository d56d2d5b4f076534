# SPDX-License-Identifier: MIT
"""A real hub whose servers are the stand-in that starts in a tenth of a second; set up with the real OpenCode."""

import os
from pathlib import Path

from opencode_nexus.cli.main import main
from opencode_nexus.install.installer import Installer
from tests.fakes import tiny_opencode
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT

TOLD = "TINY_OPENCODE"


class TinyHub(RealHub):
    """As RealHub, with `tests.fakes.tiny_opencode` in the place of each server."""

    module = "tests.fakes.tiny_hub"

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            TOLD: str(tiny_opencode.install(self.root)),
        }


async def _binary(self: Installer, version: str = "") -> Path:
    return Path(os.environ[TOLD])


if __name__ == "__main__":
    Installer.binary = _binary  # type: ignore[method-assign]
    main()

# SPDX-License-Identifier: MIT
"""A real hub whose servers are the stand-in that starts in a tenth of a second; set up with the real OpenCode."""

import os
from pathlib import Path

from opencode_nexus.cli.main import main
from opencode_nexus.install.errors import VersionNotHere
from opencode_nexus.install.installer import Installer
from tests.fakes import tiny_opencode
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT

TOLD = "TINY_OPENCODE"
BEFORE = "1.18.32"  # the version that is there beside the stand-in's usual one


class TinyHub(RealHub):
    """As RealHub, with `tests.fakes.tiny_opencode` in the place of each server."""

    module = "tests.fakes.tiny_hub"

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            TOLD: str(tiny_opencode.install(self.root).parent),
        }


async def _binary(self: Installer, version: str = "") -> Path:
    program = Path(os.environ[TOLD]) / f"tiny-opencode-{version or tiny_opencode.VERSION}"
    if not program.exists():
        raise VersionNotHere(f"{version}.", version=version)
    return program


if __name__ == "__main__":
    Installer.binary = _binary  # type: ignore[method-assign]
    main()

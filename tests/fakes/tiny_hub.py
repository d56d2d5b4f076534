# SPDX-License-Identifier: MIT
"""A real hub whose servers are the stand-in that starts in a tenth of a second.

It is set up with a program that only says that it is OpenCode, where such a one runs, else with the real one.
"""

import os
from pathlib import Path

from opencode_nexus.cli.main import main
from opencode_nexus.install.errors import VersionNotHere
from opencode_nexus.install.installer import Installer
from tests.fakes import tiny_opencode, tiny_program
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT

TOLD = "TINY_OPENCODE"
BEFORE = "1.18.32"  # the version that is there beside the stand-in's usual one


class TinyHub(RealHub):
    """As RealHub, with `tests.fakes.tiny_opencode` in the place of each server."""

    module = "tests.fakes.tiny_hub"

    def __init__(self, root: Path, opencode: Path, **environ: str) -> None:
        super().__init__(root, opencode, **environ)
        if tiny_program.available():  # the real one takes a second of a core to say its version
            self.opencode = root / "says-its-version"
            self.opencode.write_bytes(tiny_program.program())
            self.opencode.chmod(0o755)

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            TOLD: str(tiny_opencode.install(self.root).parent),
        }


async def binary(self: Installer, version: str = "") -> Path:
    program = Path(os.environ[TOLD]) / f"tiny-opencode-{version or tiny_opencode.VERSION}"
    if not program.exists():
        raise VersionNotHere(f"{version}.", version=version)
    return program


if __name__ == "__main__":
    Installer.binary = binary  # type: ignore[method-assign]
    main()

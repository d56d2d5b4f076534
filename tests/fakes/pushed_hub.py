# SPDX-License-Identifier: MIT
"""A hub whose push services may be stand-ins on this machine: the real one sends to the internet alone."""

import functools
import os
from pathlib import Path
from unittest import mock

from opencode_nexus import app
from opencode_nexus.cli.main import main
from opencode_nexus.notify.devices import Devices
from opencode_nexus.notify.sender import Sender
from opencode_nexus.practice.model import PracticeModel
from tests.fakes.hub import RealHub
from tests.fakes.real import ROOT


class PushedHub(RealHub):
    """A `RealHub` that sends anywhere, tries again soon, and whose practice model does not speak at a reader's pace."""

    module = "tests.fakes.pushed_hub"

    def __init__(self, root: Path, opencode: Path | None = None, **environ: str) -> None:
        super().__init__(root, opencode, PYTHONPATH=os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **environ)


async def anywhere(endpoint: str) -> None:
    """Every address is a push service."""


if __name__ == "__main__":
    sends = functools.partial(Sender, check=anywhere, pauses=(0.05, 0.05))
    knows = functools.partial(Devices, shape=lambda endpoint: None)
    quick = mock.patch.object(PracticeModel.__init__, "__defaults__", (4000.0,))
    with mock.patch.object(app, "Sender", sends), mock.patch.object(app, "Devices", knows), quick:
        main()

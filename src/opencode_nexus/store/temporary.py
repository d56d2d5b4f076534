# SPDX-License-Identifier: MIT
"""The hub's temporary files: in its home folder, so that the next hub removes what a killed one left."""

import shutil
import tempfile

from opencode_nexus.store.home import Home

FOLDER = "tmp"


def take(home: Home) -> None:
    """Make the home folder ready and take it for this process, which keeps its temporary files there from now on.

    Raises HomeUnusable, and HomeInUse when another hub has it. A chat's file that is brought in takes up to 200 MB.
    """
    home.prepare()
    home.lock()
    folder = home.path / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # nobody else writes there: the folder is ours alone now
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)

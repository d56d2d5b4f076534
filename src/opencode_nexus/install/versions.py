# SPDX-License-Identifier: MIT
"""The copies of a program in the home folder: one folder a version, placed in one step, old ones pruned."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from opencode_nexus.install.check import parse
from opencode_nexus.install.platforms import PROGRAM

KEPT = 2  # the one in use, and the one before it to go back to (OpenCode: 185 MB each, cloudflared: 40 MB)
_WORK = "work-"  # prefix of the folders of jobs


class Versions:
    """`<folder>/versions/<version>/<program>`, and `<folder>/downloads` for what is not finished.

    Every method touches the disk: call them in a thread.
    """

    def __init__(self, folder: Path, program: str = PROGRAM) -> None:
        self._program = program
        self.folder = folder / "versions"
        self.downloads = folder / "downloads"

    def path(self, version: str) -> Path:
        """Return where the program of `version` is, or would be."""
        return self.folder / version / self._program

    def all(self) -> list[str]:
        """Return the versions that are here, newest first."""
        if not self.folder.is_dir():
            return []
        found = [(number, entry.name) for entry in self.folder.iterdir() if (number := parse(entry.name)) is not None]
        return [name for _, name in sorted(found, reverse=True) if self.path(name).is_file()]

    def newest(self) -> Path | None:
        """Return the program of the newest version here, or None."""
        return next((self.path(version) for version in self.all()), None)

    def workplace(self) -> Path:
        """Make and return an empty folder for a job, on the same disk as the versions."""
        self.downloads.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(tempfile.mkdtemp(prefix=_WORK, dir=self.downloads))

    def adopt(self, program: Path, version: str) -> Path:
        """Move a finished and checked `program` into place as `version`; return its new path.

        The folder appears complete or not at all. A copy of the same version that is there is replaced, which
        a running process survives: it keeps the file it has open.
        """
        place = self.path(version)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = Path(tempfile.mkdtemp(prefix=_WORK, dir=self.folder))
        try:
            os.replace(program, staged / self._program)
            if place.exists():
                os.replace(staged / self._program, place)
            else:
                staged.chmod(0o755)
                shutil.rmtree(place.parent, ignore_errors=True)  # a folder without its program
                staged.rename(place.parent)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return place

    def prune(self, keep: Iterable[str] = ()) -> list[str]:
        """Tidy up after a job: delete old versions and unfinished downloads; return the deleted versions.

        The newest two stay, those of `keep`, and those that some process runs.
        """
        shutil.rmtree(self.downloads, ignore_errors=True)
        gone = self.spare(keep)
        self.drop(gone)
        return gone

    def spare(self, keep: Iterable[str] = ()) -> list[str]:
        """Return the versions that may go: not the newest two, nor of `keep`, nor run by any process."""
        found = self.all()
        kept = {*found[:KEPT], *keep}
        old = [version for version in found if version not in kept]
        if not old:
            return []
        running = {process.info["exe"] for process in psutil.process_iter(["exe"])}
        return [version for version in old if str(self.path(version).resolve()) not in running]

    def drop(self, versions: Iterable[str]) -> None:
        """Delete these versions."""
        for version in versions:
            shutil.rmtree(self.folder / version, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what jobs of an earlier run left behind; unfinished downloads stay, they are resumed."""
        for folder in (self.downloads, self.folder):
            for left in folder.glob(f"{_WORK}*"):
                shutil.rmtree(left, ignore_errors=True)

# SPDX-License-Identifier: MIT
"""The folder in which a job works, with room in it, and gone afterwards whatever happens."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from opencode_nexus.install.errors import DiskFull, from_os
from opencode_nexus.install.versions import Versions


@asynccontextmanager
async def workplace(versions: Versions, needed: int) -> AsyncIterator[Path]:
    """Yield an empty folder on the disk of `versions`, on which `needed` bytes are free.

    An OSError of the body becomes an InstallError. After an error or a cancel only finished versions and resumable
    .part files are left.
    """
    try:
        work = await asyncio.to_thread(versions.workplace)
    except OSError as error:
        raise from_os(error, versions.downloads) from error
    try:
        there = (await asyncio.to_thread(shutil.disk_usage, work)).free
        if there < needed:
            told = f"{there / 1e6:.0f} MB are free in {versions.folder.parent}, {needed / 1e6:.0f} MB are needed."
            raise DiskFull(told, free=there, needed=needed)
        yield work
    except OSError as error:
        raise from_os(error, work) from error
    finally:
        # in a thread that a cancel does not reach, so that nothing half-done is left
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, work, True))

# SPDX-License-Identifier: MIT
"""The size of all logs together."""

import asyncio

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.observe.logs import MEGABYTE


async def look(around: Around) -> Looked:
    """Compare it with the cap; a running hub keeps to it by itself."""
    cap, total = around.settings().log_size, await asyncio.to_thread(_files(around).total)
    said = f"{total / MEGABYTE:.1f} MB of at most {cap}."
    if total <= cap * MEGABYTE:
        return Looked("pass", said)
    return Looked("warn", said, "The oldest can be removed.", (f"Remove the oldest logs until all fit into {cap} MB.",))


async def fix(around: Around) -> None:
    """Remove the oldest until the rest fits."""
    settings = around.settings()
    await asyncio.to_thread(_files(around).keep, settings.log_size * MEGABYTE, settings.log_days)


def _files(around: Around) -> LogFiles:
    return LogFiles(around.home.path / "logs")

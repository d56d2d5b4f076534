# SPDX-License-Identifier: MIT
"""What a hub leaves that was killed: the note where it is to be found, and its socket."""

import asyncio
from pathlib import Path

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked

LEFT = {
    "hub.json": "which leads commands to a hub that is gone",
    "tunnel.sock": "the socket of a hub that is gone",
}


async def look(around: Around) -> Looked:
    """The lock itself belongs to an open file, so that the system frees it; these stay."""
    hub = around.hub
    if hub == "here":
        return Looked("pass", "This hub holds the home folder.")
    if hub == "elsewhere":
        other = around.home.running()
        who = f"Process {other.pid}" if other else "A process"
        todo = "Wait if it is just starting. Else end that process, and start the hub again."
        return Looked("fail", f"{who} holds the home folder and does not answer.", todo)
    left = _left(around.home.path)
    if not left:
        return Looked("pass", "No hub runs, and none left anything.")
    said = f"A hub was killed and left {' and '.join(path.name for path in left)}."
    return Looked("warn", said, "They can be removed.", tuple(f"Remove {path}, {LEFT[path.name]}." for path in left))


async def fix(around: Around) -> None:
    """Remove them, when really no hub runs."""

    def work() -> None:
        for path in _left(around.home.path):
            path.unlink(missing_ok=True)

    if around.hub == "none":
        await asyncio.to_thread(work)


def _left(home: Path) -> list[Path]:
    return [path for name in LEFT if (path := home / name).exists()]

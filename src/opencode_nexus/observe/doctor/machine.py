# SPDX-License-Identifier: MIT
"""The checks that the set-up makes too: system, memory, disk, network, home folder, git and ripgrep."""

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.observe.doctor.row import Look


async def home(around: Around) -> Looked:
    """The set-up's check would make the folder; a look of ours must not."""
    if not around.home.path.is_dir():
        return Looked("pass", f"There is no {around.home.path} yet; the first start makes it.")
    return await machine("home")(around)


def machine(name: str) -> Look:
    """Return the look of the set-up's check `name`."""

    async def look(around: Around) -> Looked:
        found = await around.machine(name)
        return Looked(found.status, found.said, found.todo)

    return look

# SPDX-License-Identifier: MIT
"""Old copies of OpenCode and cloudflared in the home folder."""

import asyncio

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked


async def look(around: Around) -> Looked:
    """Find those that neither run, nor are named by a server, nor are the newest two."""
    if around.services is None:
        return Looked("unknown", around.trouble)
    does, names, here = [], [], []
    for one in around.services.kept():
        here.append(f"{len(await asyncio.to_thread(one.copies.all))} of {one.name}")
        for version in await asyncio.to_thread(one.copies.spare, one.wanted):
            names.append(f"{one.name} {version}")
            does.append(f"Remove {one.name} {version}: {one.copies.folder / version}.")
    if not does:
        return Looked("pass", f"{' and '.join(here)}; the newest two of each stay, and what is in use.")
    return Looked("warn", f"Not needed any more: {', '.join(names)}.", "They can be removed.", tuple(does))


async def fix(around: Around) -> None:
    """Remove them."""
    for one in around.services.kept() if around.services is not None else ():
        await asyncio.to_thread(one.copies.drop, await asyncio.to_thread(one.copies.spare, one.wanted))

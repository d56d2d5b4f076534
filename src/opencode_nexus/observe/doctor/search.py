# SPDX-License-Identifier: MIT
"""The search index: whether its file is whole, and how far it has come."""

import asyncio

from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.database import examine
from opencode_nexus.observe.doctor.finding import Looked
from opencode_nexus.store.search import remove

RENEWED = 10.0  # seconds for the hub to put an empty file in its place
AGAIN = "Make the search index anew. The old one answers meanwhile."
LOOK = 0.1  # seconds between two looks meanwhile


async def look(around: Around) -> Looked:
    """Let SQLite go through the file. Nothing but time is lost with it: OpenCode has all that is in it."""
    path = around.home.path / "search.db"
    if not path.exists():
        return Looked("pass", "There is none yet; a hub makes it.")
    wrong = await asyncio.to_thread(examine, path)
    if not wrong:
        return Looked("pass", f"{path.name} is whole, {path.stat().st_size / 1e6:.1f} MB.")
    does = ("Remove search.db. A hub makes it anew from what OpenCode keeps; nothing is lost.",)
    said = f"{path.name} is damaged: {'; '.join(wrong)}."
    return Looked("fail", said, "It can be made anew.", does if around.hub != "elsewhere" else ())


async def fix(around: Around) -> None:
    """Begin with an empty file."""
    path = around.home.path / "search.db"
    if around.hub != "here" or around.services is None:
        return await asyncio.to_thread(remove, path)
    around.services.renew_search()
    async with asyncio.timeout(RENEWED):
        while await asyncio.to_thread(examine, path):  # noqa: ASYNC110 - who puts it there tells nobody
            await asyncio.sleep(LOOK)


async def progress(around: Around) -> Looked:
    """How far the index is; only a hub fills it."""
    seen = around.services.search() if around.services is not None and around.hub == "here" else None
    if seen is None:
        return Looked("unknown", "Only a running hub knows how far it is.")
    if seen.problem:
        if not seen.usable:
            return Looked("fail", seen.problem, "Mend that, then start the hub again.")
        return Looked("fail", seen.problem, "It can be made anew.", (AGAIN,))
    if seen.left:
        return Looked("pass", f"It is being filled: {seen.left} of {seen.total} conversations are still to be read.")
    return Looked("pass", "It has read all that the running servers have.")


async def rebuild(around: Around) -> None:
    """Make it anew beside the present one."""
    if around.services is not None:
        around.services.rebuild_search()

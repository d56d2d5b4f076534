# SPDX-License-Identifier: MIT
"""From the start of the process to ready, and what it holds ten seconds later with a chat open in a browser."""

import asyncio
from contextlib import suppress

from aiohttp import ClientSession

from bench.nexus import Nexus
from bench.process import memory
from bench.run import Run


async def measure(run: Run) -> None:
    """Leaves every subject started anew. `api`: the hub once a program has asked its API, as no later measure does."""
    for time in range(run.times):
        for subject in run.subjects:
            await asyncio.to_thread(subject.stop)
            reached = await asyncio.to_thread(subject.start)
            chat = await asyncio.to_thread(subject.new_chat, "Open")
            async with ClientSession() as http:
                open_tab = asyncio.create_task(subject.watch(http, chat, lambda piece: None))
                await asyncio.sleep(10)
                run.results.add(subject.name, "startup", "cold", run=time, own=memory(subject.own()), **reached)
                if isinstance(subject, Nexus):
                    await asyncio.to_thread(subject.api, "servers")
                    run.results.add(subject.name, "startup", "api", run=time, own=memory(subject.own()))
                open_tab.cancel()
                with suppress(asyncio.CancelledError):
                    await open_tab
    for subject in run.subjects:
        await asyncio.to_thread(subject.stop)
        await asyncio.to_thread(subject.start)

# SPDX-License-Identifier: MIT
"""A TCP proxy that can cut connections, or hold them open and pass nothing on, as a dead peer does."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Proxy:
    """Passes bytes on to a server; `url` is where it listens."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.removeprefix("http://").partition(":")
        self._upstream = (host, int(port))
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def block(self) -> None:
        """Pass nothing on; connections stay open."""
        self._open.clear()

    def unblock(self) -> None:
        """Pass everything on again."""
        self._open.set()

    def strand(self) -> None:
        """Never pass anything on again over what is open now, and leave it open; new connections are as ever."""
        self._open.clear()
        self._open = asyncio.Event()
        self._open.set()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = self._open
        inner, outer = await asyncio.open_connection(*self._upstream)
        self._writers |= {writer, outer}
        for source, target in ((reader, outer), (inner, writer)):
            task = asyncio.create_task(self._pump(source, target, passing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, passing: asyncio.Event) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                await passing.wait()
                target.write(data)
                await target.drain()
        target.close()

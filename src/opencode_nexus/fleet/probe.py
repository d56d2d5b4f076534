# SPDX-License-Identifier: MIT
"""Short questions to a server, each on a connection of its own.

While OpenCode boots there are some 0.15 s in which it accepts connections that it never answers (measured on 1.18.33,
3 of 3 boots), so a client that keeps its connection may wait for ever.
"""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote

from opencode_nexus.fleet.environment import USERNAME
from opencode_nexus.secrets.redact import Secret

LIMIT = 4_000_000  # bytes of an answer


class NoAnswer(Exception):
    """Nothing that can be read came in time, or the status was not 2xx."""


class Probe:
    """Asks the server on `port` of 127.0.0.1."""

    def __init__(self, port: int, password: Secret) -> None:
        self.port = port
        token = base64.b64encode(f"{USERNAME}:{password.reveal()}".encode()).decode()
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Basic {token}\r\nConnection: close\r\n"

    async def version(self, within: float = 0.3) -> str:
        """Return the version that its health tells; raises NoAnswer after `within` seconds."""
        answer = await self._ask("GET", "/global/health", within)
        if not isinstance(answer, dict) or answer.get("healthy") is not True:
            raise NoAnswer(f"its health is {answer!r}")
        return str(answer.get("version", ""))

    async def busy(self, project: str, within: float = 2.0) -> list[str]:
        """Return the sessions of `project` in which an agent works."""
        answer = await self._ask("GET", f"/session/status?directory={quote(project, safe='')}", within)
        return list(answer) if isinstance(answer, dict) else []

    async def abort(self, session_id: str, within: float = 2.0) -> None:
        """Stop the agent of a session: OpenCode then stores the words said so far, which it does not when it dies."""
        await self._ask("POST", f"/session/{quote(session_id, safe='')}/abort", within)

    async def open_project(self, project: str, within: float) -> None:
        """Let it open `project` (and load its plugins) before somebody waits for it."""
        await self._ask("GET", f"/config?directory={quote(project, safe='')}", within)

    async def dispose(self, project: str, within: float = 10.0) -> None:
        """Let it close `project`: what it held of it in memory is freed; the next question opens it anew."""
        await self._ask("POST", f"/instance/dispose?directory={quote(project, safe='')}", within)

    async def _ask(self, method: str, target: str, within: float) -> Any:
        try:
            async with asyncio.timeout(within):
                return await self._exchange(method, target)
        except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    async def _exchange(self, method: str, target: str) -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=LIMIT)
        try:
            body = "Content-Length: 0\r\n" if method == "POST" else ""
            writer.write(f"{method} {target} HTTP/1.1\r\n{self._head}{body}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            status = int(head.split(" ", 2)[1])
            if not 200 <= status < 300:
                raise NoAnswer(f"status {status}")
            content = await _content(reader, head)
        finally:
            writer.close()
        return json.loads(content) if content.strip() else None


async def _content(reader: asyncio.StreamReader, head: str) -> bytes:
    fields = dict(line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
    if "chunked" in fields.get("transfer-encoding", ""):
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        return b"".join(parts)
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    return await reader.read(LIMIT)

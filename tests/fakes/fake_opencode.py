# SPDX-License-Identifier: MIT
"""A server that plays OpenCode's recorded words over real HTTP: quick, and with faults on demand."""

import asyncio
import base64
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

PASSWORD = "a password"
Answer = tuple[int, str, bytes]  # status, content type, body
Handler = Callable[[str, Any], Any]  # (path with query, decoded body) -> JSON answer, or an Answer

CONNECTED = b'{"payload":{"id":"evt_a","type":"server.connected","properties":{}}}'
HEARTBEAT = b'{"payload":{"id":"evt_b","type":"server.heartbeat","properties":{}}}'
PAGE = (200, "text/html", b"<!doctype html><html></html>")


class FakeOpenCode:
    """`routes` maps "METHOD /path" to an answer or a handler; unknown ones get the web page, as from the real one.

    `say` sends an event to all listeners; `asked` holds every request (method, path with query, body).
    """

    def __init__(self, **routes: Any) -> None:
        self.routes: dict[str, Any] = {
            "GET /session/status": {},
            "GET /permission": [],
            "GET /question": [],
            **routes,
        }
        self.asked: list[tuple[str, str, Any]] = []
        self.listeners: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in tuple(self._connections):
            writer.transport.abort()

    def say(self, *bodies: bytes, ends: bytes = b"\n\n") -> None:
        """Send events' bodies to all who listen."""
        for body in bodies:
            self.send(b"data: " + body + ends)

    def send(self, raw: bytes) -> None:
        """Send bytes on the event streams as they are."""
        for writer in self.listeners:
            writer.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def cut(self) -> None:
        """Break all event streams."""
        for writer in self.listeners:
            writer.transport.abort()
        self.listeners.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                if headers.get("authorization") != f"Basic {_token()}":
                    self._write(writer, (401, "text/plain", b""))
                elif target == "/global/event" and "GET /global/event" not in self.routes:
                    self._listen(writer)
                else:
                    self._write(writer, await self._answer(method, target, json.loads(raw or b"null")))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.listeners.discard(writer)
            self._connections.discard(writer)
            writer.close()

    def _listen(self, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head)
        body = b"data: " + CONNECTED + b"\n\n"
        writer.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
        self.listeners.add(writer)

    async def _answer(self, method: str, target: str, body: Any) -> Answer:
        self.asked.append((method, target, body))
        answer = self.routes.get(f"{method} {target.partition('?')[0]}", PAGE)
        if callable(answer):
            answer = answer(target, body)
            if asyncio.iscoroutine(answer):
                answer = await answer
        return answer if isinstance(answer, tuple) else (200, "application/json", json.dumps(answer).encode())

    @staticmethod
    def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
        status, kind, body = answer
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"\r\n" + body)


def _token() -> str:
    return base64.b64encode(f"opencode:{PASSWORD}".encode()).decode()


def event(kind: str, directory: str = "/project", **properties: Any) -> bytes:
    """The body of one event on /global/event."""
    payload = {"id": "evt_x", "type": kind, "properties": properties}
    return json.dumps({"directory": directory, "project": "global", "payload": payload}).encode()

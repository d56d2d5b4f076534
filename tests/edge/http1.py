# SPDX-License-Identifier: MIT
"""HTTP/1.1 by hand, as far as a visitor and the quick service need it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

PIECE = 65536
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "upgrade", "transfer-encoding", "te", "trailer", "proxy-connection", "expect")
)


class NoRequest(Exception):
    """The other side closed, or said something that is no request."""


@dataclass(frozen=True)
class Request:
    """A request's head; names of headers in lower case, each as it came."""

    method: str
    path: str
    headers: list[tuple[str, str]]

    def header(self, name: str) -> str:
        """The first value, "" when it is not there."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def websocket(self) -> bool:
        return self.header("upgrade").lower() == "websocket"

    @property
    def length(self) -> int:
        return int(self.header("content-length") or 0)

    @property
    def chunked(self) -> bool:
        return "chunked" in self.header("transfer-encoding").lower()

    @property
    def has_body(self) -> bool:
        return self.chunked or self.length > 0


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one head; raises NoRequest."""
    words = (await reader.readline()).decode("latin-1").split()
    if len(words) != 3:
        raise NoRequest
    headers = []
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return Request(words[0], words[1], headers)


async def read_body(reader: asyncio.StreamReader, request: Request) -> AsyncIterator[bytes]:
    """Its body, piece by piece."""
    if request.chunked:
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
        return
    left = request.length
    while left and (data := await reader.read(min(left, PIECE))):
        left -= len(data)
        yield data


def head(status: int, headers: list[tuple[str, str]]) -> bytes:
    """An answer's head."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Cloudflare"  # 530 and its like
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def answer(writer: asyncio.StreamWriter, status: int, body: bytes, content_type: str = "text/plain") -> None:
    """A whole answer, after which the connection closes."""
    length = str(len(body))
    writer.write(
        head(status, [("content-type", content_type), ("content-length", length), ("connection", "close")]) + body
    )
    await writer.drain()

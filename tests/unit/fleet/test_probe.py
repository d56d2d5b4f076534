# SPDX-License-Identifier: MIT
import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from opencode_nexus.fleet.probe import NoAnswer, Probe
from opencode_nexus.secrets.redact import Secret

pytestmark = pytest.mark.anyio


class Answers:
    """A server that gives the same bytes to everybody, and keeps what it was asked; None: it never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: bytes | None = None
        self.port = 0
        self._hold = asyncio.Event()

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self.answer is None:
            await self._hold.wait()
        else:
            writer.write(self.answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    def free(self) -> None:
        self._hold.set()

    def json(self, text: str, status: int = 200) -> None:
        self.answer = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


@pytest.fixture
async def answers() -> AsyncIterator[Answers]:
    answers = Answers()
    server = await answers.open()
    yield answers
    answers.free()
    server.close()
    await server.wait_closed()


@pytest.fixture
def probe(answers: Answers) -> Probe:
    return Probe(answers.port, Secret("päss"))


async def test_health_tells_the_version(answers: Answers, probe: Probe) -> None:
    answers.json('{"healthy":true,"version":"1.18.33"}')
    assert await probe.version(5) == "1.18.33"
    (asked,) = answers.asked
    assert asked.startswith("GET /global/health HTTP/1.1\r\n")
    assert f"Authorization: Basic {base64.b64encode('opencode:päss'.encode()).decode()}\r\n" in asked
    assert "Connection: close\r\n" in asked


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'8\r\n{"health\r\n1c;x=y\r\ny":true,"version":"1.18.33"}\r\n0\r\n\r\n',
        b'HTTP/1.1 200 OK\r\n\r\n{"healthy":true,"version":"1.18.33"}',
    ],
)
async def test_bodies_of_every_framing(answers: Answers, probe: Probe, answer: bytes) -> None:
    answers.answer = answer
    assert await probe.version(5) == "1.18.33"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ht>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
async def test_anything_else_is_no_answer(answers: Answers, probe: Probe, answer: bytes) -> None:
    answers.answer = answer
    with pytest.raises(NoAnswer):
        await probe.version(5)


async def test_silence_and_nobody_are_no_answer(answers: Answers, probe: Probe) -> None:
    with pytest.raises(NoAnswer):
        await probe.version(0.05)
    nobody = Probe(1, Secret("x"))
    with pytest.raises(NoAnswer):
        await nobody.version(5)


async def test_the_other_questions(answers: Answers, probe: Probe) -> None:
    answers.json('{"ses_1":{"type":"busy"},"ses_2":{"type":"retry"}}')
    assert await probe.busy("/my project/ü", 5) == ["ses_1", "ses_2"]
    answers.json("null")
    assert await probe.busy("/x", 5) == []
    await probe.abort("ses_1", 5)
    await probe.open_project("/x", 5)
    lines = [asked.split("\r\n")[0] for asked in answers.asked]
    assert lines[0] == "GET /session/status?directory=%2Fmy%20project%2F%C3%BC HTTP/1.1"
    assert lines[2:] == ["POST /session/ses_1/abort HTTP/1.1", "GET /config?directory=%2Fx HTTP/1.1"]
    assert "Content-Length: 0\r\n" in answers.asked[2]

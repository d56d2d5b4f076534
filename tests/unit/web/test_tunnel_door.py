# SPDX-License-Identifier: MIT
"""The tunnels' door over real sockets: who gets in, what is marked, and that the port is kept."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv
from opencode_nexus.web.server import bind, serve
from opencode_nexus.web.tunnel_door import KEEP_ALIVE, PORTS, TunnelDoor

pytestmark = pytest.mark.anyio

GET = b"GET /echo HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# Connects to argv[1] (a path or a port), sends a request, and prints what comes back.
CLIENT = """
import socket, sys
where = sys.argv[1]
s = socket.socket(socket.AF_UNIX) if where.startswith("/") else socket.socket()
s.connect(where if where.startswith("/") else ("127.0.0.1", int(where)))
try:
    s.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
    print(s.makefile("rb").read().decode())
except OSError as error:
    print("refused", error)
"""
# Runs the same as its child, as a script does that is given as cloudflared and starts the real one.
WRAPPED = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


@pytest.fixture(
    params=["asyncio", pytest.param("uvloop", marks=pytest.mark.skipif(sys.platform == "win32", reason="no uvloop"))]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: uvloop is what serves, asyncio what serves on Windows."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was told of the request."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps(scope["state"])})
        await send({"type": "websocket.close"})
        return
    body = json.dumps(scope["state"]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Place:
    """A served door; `pids` are the processes that it takes."""

    def __init__(self, door: TunnelDoor, port: int, pids: set[int]) -> None:
        self.door, self.port, self.pids = door, port, pids

    @property
    def ways(self) -> list[str]:
        """Both listeners, as `CLIENT` takes them."""
        return [str(self.door.port)] + ([str(self.door.unix)] if self.door.unix else [])


async def kept(folder: Path) -> tuple[Database, Kv]:
    db = Database(folder / "nexus.db")
    await db.open()
    return db, Kv(db)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Place]:
    db, kv = await kept(folder)
    pids: set[int] = set()
    door = TunnelDoor(folder, kv, lambda: frozenset(pids))
    await door.open()
    listener, closing, up = bind("127.0.0.1", 0), asyncio.Event(), asyncio.Event()
    port = listener.getsockname()[1]

    async def ready() -> None:
        up.set()

    async def nothing() -> None:
        pass

    server = asyncio.create_task(serve(app, listener, closing, ready=ready, before_close=nothing, door=door))
    await up.wait()
    try:
        yield Place(door, port, pids)
    finally:
        closing.set()
        await server
        door.close()
        await db.close()


@pytest.fixture
async def place(tmp_path: Path, anyio_backend: object) -> AsyncIterator[Place]:
    async with opened(tmp_path) as place:
        yield place


async def ask(where: str, request: bytes = GET, until: bytes = b"") -> bytes:
    """Send a request from this process, and read to the end, or to `until`."""
    if where.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(where)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(where))
    try:
        writer.write(request)
        return await (reader.readuntil(until) if until else reader.read())
    except ConnectionError:
        return b""
    finally:
        writer.close()


def state(answer: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer[answer.index(b"{") :])
    return found


def start(where: str, *, wrapped: bool = False) -> subprocess.Popen[str]:
    """Another process that asks."""
    request = GET.decode().replace("\r\n", "\\r\\n")
    words = [sys.executable, "-c", *([WRAPPED] if wrapped else []), CLIENT, where, request]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


async def told(process: subprocess.Popen[str]) -> str:
    """What it got."""
    return (await asyncio.to_thread(process.communicate, timeout=60))[0]


def idle() -> subprocess.Popen[bytes]:
    """A process that could be a tunnel, and asks nothing."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


async def test_what_comes_from_a_tunnel_is_marked_and_the_rest_is_not(place: Place) -> None:
    place.pids.add(os.getpid())
    for where in place.ways:
        assert state(await ask(where)) == {"remote": True}, where
    assert state(await ask(str(place.port))) == {}
    assert len(place.ways) == 2 or sys.platform == "win32"


async def test_a_websocket_is_marked_too(place: Place) -> None:
    place.pids.add(os.getpid())
    for where in place.ways:
        answer = await ask(where, HANDSHAKE, until=b"}")  # it waits for the client's goodbye, which never comes
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b'{"remote": true}' in answer, where


async def test_nobody_gets_in_while_there_is_no_tunnel(place: Place) -> None:
    for where in place.ways:
        assert await ask(where) == b"", where


async def test_another_process_of_the_same_user_is_turned_away(place: Place) -> None:
    with idle() as tunnel:
        place.pids.add(tunnel.pid)
        for where in place.ways:
            assert "HTTP/1.1" not in await told(start(where)), where
            assert await ask(where) == b"", where
        tunnel.kill()


async def test_a_script_that_starts_the_real_one_gets_in(place: Place) -> None:
    for where in place.ways:
        for wrapped in (False, True):
            process = start(where, wrapped=wrapped)
            place.pids.add(process.pid)
            assert '{"remote": true}' in await told(process), (where, wrapped)


async def test_an_idle_connection_is_kept_for_longer_than_cloudflared_keeps_it() -> None:
    assert KEEP_ALIVE > 90  # cloudflared's keepAliveTimeout


async def test_one_word_in_the_log_however_many_are_turned_away(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        for where in place.ways:
            await ask(where)
    assert [record.name for record in caplog.records] == ["opencode_nexus.web.tunnel_door"]


async def test_the_port_is_the_same_after_a_restart_and_outside_the_passing_ones(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        first, path = place.door.port, place.door.unix
        assert first in PORTS
        assert not place.door.moved
    if path is not None:
        assert not path.exists()
    async with opened(tmp_path) as place:
        assert place.door.port == first
        assert place.door.unix == path


async def test_a_socket_that_a_killed_hub_left_is_taken_over_and_no_other_file_is(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "tunnel.sock"))
    left.close()
    async with opened(tmp_path) as place:
        assert place.door.unix is not None
        assert place.door.unix.stat().st_mode & 0o777 == 0o600
    (tmp_path / "tunnel.sock").write_text("mine")
    async with opened(tmp_path) as place:
        assert place.door.unix is None
    assert (tmp_path / "tunnel.sock").read_text() == "mine"


async def test_the_port_in_place_of_one_that_is_taken_is_kept_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        first = place.door.port
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", first))
        thief.listen()
        async with opened(tmp_path) as place:
            assert place.door.moved
            assert place.door.port != first
            second = place.door.port
            assert place.door.left == {first}
    async with opened(tmp_path) as place:  # its address was told to Cloudflare, and to people
        assert (place.door.port, place.door.moved) == (second, False)
        assert place.door.left == {first}


async def test_a_home_whose_path_is_too_long_for_a_socket_has_the_port(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    async with opened(folder) as place:
        assert place.door.unix is None
        place.pids.add(os.getpid())
        assert state(await ask(str(place.door.port))) == {"remote": True}

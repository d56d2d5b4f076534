# SPDX-License-Identifier: MIT
"""A hub's API of canned answers over real HTTP, for the commands that talk to one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opencode_nexus.store.home import Home, RunningHub

TOKEN = "local-key"


@dataclass
class HubStub:
    """`answers` maps "METHOD /path" to (status, JSON); `asked` keeps what came, with its body."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def announce(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        Home(home).announce(RunningHub(1, self.url, TOKEN, "boot"))


@contextmanager
def hub_stub() -> Iterator[HubStub]:
    """Run a stub on a free port of 127.0.0.1."""
    stub = HubStub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            line = f"{self.command} {self.path.removeprefix('/api/v1')}"
            stub.asked.append((line, json.loads(raw) if raw else None))
            status, value = stub.answers.get(line, (404, {"title": "Nothing here.", "detail": line, "hint": "?"}))
            if self.headers.get("authorization") != f"Bearer {TOKEN}":
                status, value = 401, {"title": "You are not signed in.", "detail": "", "hint": "Sign in."}
            body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

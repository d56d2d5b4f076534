# SPDX-License-Identifier: MIT
"""For how long large data holds the event loop up, and every page of the hub with it.

    python -m bench.loop_pause

A page of 100 messages with 70 MB, read from a server in another process, and a chat file of 100 MB looked at before
it is imported. The most that this process worked between two turns of a ticker of 1 ms, in all its threads (a busy
machine does not count then), median of 5; the same without any work is the floor.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from opencode_nexus.chat.session_file import looked_at
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.bounds import bound_all
from opencode_nexus.opencode.wire import message_of

ROUNDS = 5
SERVER = """
import http.server, json, sys, urllib.parse
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        limit = int(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["limit"][0])
        body = b"[" + b",".join(messages[-limit:]) + b"]"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            pass
    def log_message(self, *args): pass
messages = [json.dumps(one, separators=(",", ":")).encode() for one in json.load(open(sys.argv[1]))]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
print(server.server_port, flush=True)
server.serve_forever()
"""


def chat(messages: int, size: int) -> list[dict[str, Any]]:
    line = 'a line of output with "quotes" in it\n'
    return [
        {
            "info": {"id": f"msg_{number}", "sessionID": "ses_1", "role": "assistant", "time": {"created": number}},
            "parts": [
                {
                    "id": f"prt_{number}", "messageID": f"msg_{number}", "type": "tool", "tool": "bash",
                    "state": {"status": "completed", "output": line * (size // len(line))},
                }
            ],
        }
        for number in range(messages)
    ]  # fmt: skip


async def longest(work: Callable[[], Awaitable[object]]) -> float:
    """Return the longest time in ms of work for which the loop did not turn."""
    worst, done = 0.0, False

    async def tick() -> None:
        nonlocal worst
        last = time.process_time()
        while not done:
            await asyncio.sleep(0.001)
            now = time.process_time()
            worst, last = max(worst, now - last), now

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    await work()
    done = True
    await ticker
    return worst * 1000


async def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        page, file = Path(place) / "page", Path(place) / "chat.json"
        page.write_bytes(msgspec.json.encode(chat(100, 660_000)))
        whole = {"info": {"id": "ses_1", "title": "A chat"}, "messages": chat(1000, 95_000)}
        file.write_bytes(msgspec.json.encode(whole))
        del whole
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVER, str(page), stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout is not None
        client = Client(f"http://127.0.0.1:{int(await server.stdout.readline())}", "opencode", "")

        async def read() -> None:
            for item in (await client.messages("ses_1", 100))[0]:
                bound_all(message_of(item["info"], item["parts"]))

        works: dict[str, Callable[[], Awaitable[object]]] = {
            "nothing for a second": lambda: asyncio.sleep(1),
            f"100 messages of {page.stat().st_size / 1e6:.0f} MB": read,
            f"a file of {file.stat().st_size / 1e6:.0f} MB": lambda: looked_at(file, Path(place) / "out"),
        }
        for name, work in works.items():
            found = sorted([await longest(work) for _ in range(ROUNDS)])
            print(f"{name}: {statistics.median(found):.0f} ms ({found[0]:.0f} to {found[-1]:.0f})")
        await client.close()
        server.kill()
        await server.wait()


if __name__ == "__main__":
    asyncio.run(main())

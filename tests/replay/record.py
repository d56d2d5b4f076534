# SPDX-License-Identifier: MIT
"""Records what the real OpenCode says in each of `scenes`, to be replayed by the tests.

    python -m tests.replay.record [NAME ...]        needs the real binary; writes tests/replay/recorded/NAME.xz

The folder of the recorded OpenCode is always the same, so that no path of a person's machine is in the recordings.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeError, UnknownToOpenCode
from tests.fakes.real import OpenCode, Provider, find_opencode
from tests.replay import scenes
from tests.replay.take import Fresh, Take

ROOT = Path("/tmp/nexus-replay")
QUIET = 0.6  # seconds without an event after which OpenCode is taken to be at rest
PATIENCE = 30.0


class Recorder:
    """Follows the stream of one running OpenCode, and speaks to it for the scenes."""

    def __init__(self, opencode: OpenCode, provider: Provider, name: str) -> None:
        self.take = Take(name)
        self.opencode, self.provider = opencode, provider
        self.client = Client(opencode.base_url, opencode.username, opencode.password)
        self.directory = str(opencode.project)
        self.sessions: list[str] = []
        self._heard = asyncio.Event()

    async def follow(self) -> None:
        """Take in the stream until cancelled."""
        async with self.client.http.stream("GET", "/global/event", timeout=None) as answer:
            async for read in answer.aiter_raw():
                self.take.reads.append(read)
                if b"server.heartbeat" not in read:
                    self._heard.set()

    @property
    def text(self) -> str:
        return b"".join(self.take.reads).decode(errors="replace")

    async def until(self, words: str, times: int = 1) -> None:
        """Wait until the stream has said `words` so often."""
        async with asyncio.timeout(PATIENCE):
            while self.text.count(words) < times:
                self._heard.clear()
                await self._heard.wait()

    async def quiet(self) -> None:
        """Wait until nothing comes any more."""
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(QUIET):
                    await self._heard.wait()
            except TimeoutError:
                return

    async def look(self) -> None:
        """Ask for all that is to be known, at a moment at which nothing changes."""
        while True:
            await self.quiet()
            before = self.take.size
            found = await self._ask()
            if b"".join(self.take.reads)[before:].replace(b"server.heartbeat", b"").count(b'"type"') == 0:
                self.take.fresh.append(Fresh(before, *found))
                return

    async def _ask(self) -> tuple[Any, ...]:
        sessions = {}
        said = self.text
        for session_id in sorted({word[:30] for word in said.split('"') if word.startswith("ses_")}):
            try:
                info = await self.client.session(session_id)
            except (UnknownToOpenCode, OpenCodeError):  # deleted, or no session at all
                continue
            messages = await self.client.json("GET", f"/session/{session_id}/message")
            todos = await self.client.todos(session_id)
            sessions[session_id] = {"info": info, "messages": messages, "todos": todos}
        where = {"directory": self.directory}
        return (
            sessions,
            await self.client.json("GET", "/permission", **where),
            await self.client.json("GET", "/question", **where),
            await self.client.json("GET", "/session/status", **where),
        )

    # What scenes say

    async def session(self, title: str = "A scene", parent: str | None = None) -> str:
        body = {"title": title, **({"parentID": parent} if parent else {})}
        made = await self.client.json("POST", "/session", body=body, directory=self.directory)
        return str(made["id"])

    async def say(self, session_id: str, *steps: list[dict[str, Any]], **more: Any) -> None:
        await self.text_to(session_id, "#script " + json.dumps(steps), **more)

    async def text_to(self, session_id: str, text: str, parts: Any = (), **more: Any) -> None:
        body = {"parts": [{"type": "text", "text": text}, *parts], **more}
        await self.client.send("POST", f"/session/{session_id}/prompt_async", body=body)

    async def idle(self, session_id: str, times: int = 1) -> None:
        """Wait until the session was told to be idle so often, and nothing follows."""
        idle = f'"type":"session.idle","properties":{{"sessionID":"{session_id}"}}'
        await self.until(idle, times)
        await self.quiet()

    async def gate(self, name: str) -> None:
        """Wait until the model stands at a `wait`."""
        async with asyncio.timeout(PATIENCE):
            while name not in await asyncio.to_thread(self.provider.waiting):
                await asyncio.sleep(0.02)

    def release(self, name: str) -> None:
        self.provider.release(name)

    async def asked(self, kind: str, count: int = 1) -> str:
        """Wait for the `count`-th request of a kind ("permission" or "question"); returns its id."""
        await self.until(f'"type":"{kind}.asked"', count)
        prefix = "per_" if kind == "permission" else "que_"
        ids = dict.fromkeys(
            piece[:30].split('"')[0]
            for piece in self.text.split(f'"type":"{kind}.asked","properties":{{"id":"')[1:]
            if piece.startswith(prefix)
        )
        return list(ids)[count - 1]


async def record(wanted: list[str]) -> None:
    """Record the scenes that are wanted, each with an OpenCode of its own."""
    binary = find_opencode()
    assert binary is not None, "no OpenCode to record"
    for name in wanted or sorted(scenes.SCENES):
        shutil.rmtree(ROOT, ignore_errors=True)
        ROOT.mkdir()
        provider = Provider(ROOT / "said.jsonl")
        opencode = OpenCode(binary, ROOT / "oc", scenes.config(provider), git=True)
        try:
            opencode.start()
            recorder = Recorder(opencode, provider, name)
            following = asyncio.create_task(recorder.follow())
            await recorder.until("server.connected")
            for _ in range(30):  # "connected" is said up to 60 ms before it listens
                made = await recorder.session("Is anybody there?")
                await recorder.quiet()
                if made in recorder.text:
                    break
            await scenes.SCENES[name](recorder)
            await recorder.look()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await recorder.client.close()
            take = recorder.take
            print(f"{name}: {len(take.reads)} reads, {take.size} bytes, {len(take.fresh)} looks, {take.save()} packed")
        finally:
            opencode.kill()
            provider.close()
            shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:]))

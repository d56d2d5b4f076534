# SPDX-License-Identifier: MIT
"""The peer at hand: OpenCode's own web page, which every `opencode serve` brings."""

import base64
import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil
from aiohttp import ClientSession

from bench.folders import MODEL
from bench.process import Proc
from bench.subject import Subject


class OpenCodePage(Subject):
    """The server is OpenCode itself, so its own processes are all there are."""

    name = "opencode"
    composer = '[data-component="prompt-input"]'
    click_needs_visit = True

    def start(self) -> dict[str, Any]:
        command = [str(self.opencode), "serve", "--port", str(self.port)]
        environ = self.folders.environ()
        self.server = Proc(command, self.folders.project, environ, self.logs / "opencode.log")
        return {"ready_ms": self.server.wait_http(self.base + "/global/health")}

    def own(self) -> list[psutil.Process]:
        return self.server.tree() if self.server else []

    def _api(self, path: str, body: Any = None) -> Any:
        where = urllib.parse.quote(str(self.folders.project))
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.base}{path}?directory={where}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def project_id(self) -> str:
        projects = self._api("/project")
        here = str(self.folders.project)
        return next((str(p["id"]) for p in projects if p["worktree"] == here), "global")

    def new_chat(self, title: str) -> str:
        return str(self._api("/session", {"title": title})["id"])

    def prompt(self, chat: str, text: str) -> None:
        provider, model = MODEL.split("/")
        body = {
            "model": {"providerID": provider, "modelID": model},
            "parts": [{"type": "text", "text": text}],
        }
        self._api(f"/session/{chat}/prompt_async", body)

    def start_url(self, empty: str) -> str:
        return f"{self.base}/{_coded(str(self.folders.project))}/session"

    def chat_url(self, chat: str) -> str:
        return f"{self.base}/server/{_coded(self.base)}/session/{chat}"

    async def watch(self, http: ClientSession, chat: str, got: Callable[[bytes], None]) -> None:
        async with http.get(self.base + "/global/event", headers={"accept": "text/event-stream"}) as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_any():
                got(piece)


def _coded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

# SPDX-License-Identifier: MIT
"""OpenCode Nexus through its public contract alone: the command, pages and forms as a browser uses them, the stream.

The API is asked only where a measure is about it: it loads FastAPI, which costs 9 MB that a browser's user never pays.
"""

import http.cookiejar
import json
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Page

from bench.folders import MODEL
from bench.process import Proc
from bench.subject import Chat, Subject

COMMAND = str(Path(sys.executable).parent / "opencode-nexus")
OWNER, PASSWORD = "bench", "A-long-Passw0rd"
WAIT = 60  # s for OpenCode behind the hub


class Nexus(Subject):
    """Set up once with the hub's own `setup`; the token and login last over restarts."""

    name = "nexus"
    composer = "textarea[name=text]"

    _token = ""
    _cookie: dict[str, Any] | None = None
    server_id = ""
    more: dict[str, str] = {}  # noqa: RUF012 # replaced, never changed: further environment of the next start

    def _environ(self) -> dict[str, str]:
        home = str(self.folders.root / "nexus")
        return self.folders.environ(OPENCODE_NEXUS_HOME=home, OPENCODE_NEXUS_OPEN="0", **self.more)

    def _command(self, *words: str) -> str:
        done = subprocess.run([COMMAND, *words], env=self._environ(), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"opencode-nexus {words[0]} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def _set_up(self) -> None:
        secret = self.folders.root / "password"
        secret.touch(0o600)
        secret.write_text(PASSWORD)
        project = str(self.folders.project)
        owner = ["--owner", OWNER, "--password-file", str(secret)]
        self._command("setup", *owner, "--project", project, "--opencode", str(self.opencode))
        self._token = str(json.loads(self._command("token", "create", "--name", "bench", "--json"))["token"])

    def start(self) -> dict[str, Any]:
        if not self._token:
            self._set_up()
        log = self.logs / "nexus.log"
        log.unlink(missing_ok=True)
        serve = [COMMAND, "serve", "--no-open", "--port", str(self.port), "--on-stop", "stop"]
        self.server = Proc(serve, self.folders.root, self._environ(), log)
        ready = self.server.wait_line("is ready at")
        first = self.server.wait_http(self.base + "/healthz")
        running = self._wait_running()
        return {"ready_ms": ready, "first_answer_ms": first, "opencode_running_ms": running}

    def _wait_running(self) -> int:
        assert self.server is not None
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            page = self._page("")
            if found := re.search(r"/chat/(srv_\w+)", page):
                self.server_id = found[1]
                if 'data-state="running"' in page:
                    return self.server.ms()
            time.sleep(0.05)
        raise RuntimeError(f"OpenCode behind the hub did not run within {WAIT} s")

    def _page(self, path: str, form: dict[str, str] | None = None) -> str:
        """What a signed-in browser gets at an address, or for a form as the page's script sends it."""
        cookie = self.cookies()[0]
        headers = {
            "cookie": f"{cookie['name']}={cookie['value']}",
            "origin": self.base,
            "sec-fetch-site": "same-origin",
        }
        if form is not None:
            headers["x-nexus"] = "live"
        data = None if form is None else urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.base}/{path}", data, headers), timeout=60) as answer:
            return str(answer.read().decode())

    def api(self, path: str, body: Any = None) -> Any:
        """One request to the hub's API; a POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(f"{self.base}/api/v1/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def project_id(self) -> str:
        database = self.folders.root / "data" / "opencode" / "opencode.db"
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
            row = store.execute("select id from project where worktree = ?", [str(self.folders.project)]).fetchone()
        return str(row[0]) if row else "global"

    def new_chat(self, title: str) -> str:
        made = str(json.loads(self._page(f"chat/{self.server_id}/new", {}))["go"]).rpartition("/")[2]
        self._page(f"chat/{self.server_id}/{made}/edit", {"title": title})
        return made

    def prompt(self, chat: str, text: str) -> None:
        self._page(f"chat/{self.server_id}/{chat}", {"text": text, "model": MODEL})

    def cookies(self) -> list[Any]:
        if self._cookie is None:
            jar = http.cookiejar.CookieJar()
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
            form = urllib.parse.urlencode({"username": OWNER, "password": PASSWORD}).encode()
            same = {"origin": self.base, "sec-fetch-site": "same-origin"}
            with opener.open(urllib.request.Request(self.base + "/login", form, same)):
                cookie = next(iter(jar))
            self._cookie = {"name": cookie.name, "value": cookie.value, "url": self.base}
        return [self._cookie]

    def start_url(self, empty: str) -> str:
        return self.chat_url(empty)

    def chat_url(self, chat: str) -> str:
        return f"{self.base}/chat/{self.server_id}/{chat}"

    async def click(self, page: Page, chat: Chat) -> None:
        await page.locator(f'a[href$="/{chat.id}"]').first.click()

    async def watch(self, http: ClientSession, chat: str, got: Callable[[bytes], None]) -> None:
        cookie = self.cookies()[0]
        headers = {"cookie": f"{cookie['name']}={cookie['value']}", "origin": self.base}
        body = {"topic": f"chat:{self.server_id}:{chat}", "cursor": None}
        async with http.post(self.base + "/live", json=body, headers=headers) as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_any():
                got(piece)

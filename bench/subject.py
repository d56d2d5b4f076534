# SPDX-License-Identifier: MIT
"""What is measured: a server, its page, and what one open tab of it holds."""

import json
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from aiohttp import ClientSession
from playwright.async_api import Page

from bench.folders import Folders
from bench.long_session import LongSession
from bench.process import Proc, is_opencode

MESSAGES = 3000
DEEP = 10_000
SHORT = 30


class Chat(NamedTuple):
    """An imported chat: its id and title, and the words of its newest message."""

    id: str
    title: str
    mark: str


class Subject(ABC):
    """One UI over one OpenCode; made once a run, started several times."""

    name: str
    composer: str  # CSS selector of the prompt box
    port: int
    click_needs_visit = False  # True: only a chat that was open once can be clicked

    def __init__(self, folders: Folders, opencode: Path, logs: Path, port: int) -> None:
        self.folders, self.opencode, self.logs, self.port = folders, opencode, logs, port
        self.base = f"http://127.0.0.1:{port}"
        self.server: Proc | None = None
        self.chats: dict[int, Chat] = {}

    # The server

    @abstractmethod
    def start(self) -> dict[str, Any]:
        """Starts it; returns milliseconds by what was reached (`ready_ms`, …)."""

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def own(self) -> list[psutil.Process]:
        """The UI's own processes, without OpenCode and what OpenCode started."""
        own: list[psutil.Process] = []
        theirs: set[int] = set()
        for process in self.server.tree() if self.server else []:
            try:
                if is_opencode(process) or process.ppid() in theirs:
                    theirs.add(process.pid)
                else:
                    own.append(process)
            except psutil.NoSuchProcess:
                continue
        return own

    # Chats

    @abstractmethod
    def project_id(self) -> str:
        """OpenCode's id of the measured project."""

    @abstractmethod
    def new_chat(self, title: str) -> str:
        """Makes an empty chat, and returns its id."""

    @abstractmethod
    def prompt(self, chat: str, text: str) -> None:
        """Sends a message, and returns once it was taken."""

    def import_chat(self, count: int, version: str) -> None:
        """Puts a chat of `count` messages into OpenCode's store, with its own `import`."""
        made = LongSession(count, str(self.folders.project), self.project_id(), version)
        file = self.folders.root / "tmp" / f"long{count}.json"
        file.write_text(json.dumps(made.export(), ensure_ascii=False))
        command = [str(self.opencode), "import", str(file)]
        environ = self.folders.environ()
        done = subprocess.run(command, cwd=self.folders.project, env=environ, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"opencode import failed: {done.stdout}{done.stderr}")
        self.chats[count] = Chat(made.id, made.title, made.mark)

    # The page

    def cookies(self) -> list[Any]:
        """What a logged-in browser holds."""
        return []

    @abstractmethod
    def start_url(self, empty: str) -> str:
        """Where a user begins to type; `empty` is the id of an empty chat."""

    @abstractmethod
    def chat_url(self, chat: str) -> str:
        """The address of a chat."""

    async def click(self, page: Page, chat: Chat) -> None:
        """Opens a chat from within the page, by a pointer."""
        await page.get_by_text(chat.title, exact=False).first.click()

    @abstractmethod
    async def watch(self, http: ClientSession, chat: str, got: Callable[[bytes], None]) -> None:
        """Holds what one open tab holds, and passes on each piece that comes."""

# SPDX-License-Identifier: MIT
"""The stand-in chat (`tests/fakes/chat_app.py`) as a process, and what a test asks of its page."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from typing import Any, Self

from playwright.async_api import Page

from tests.fakes.real import ROOT

FOLLOWED = ".msg.assistant:last-of-type .md"


class ChatApp:
    """The running stand-in. `kill` and `start` on the same port are a hub that dies and comes back."""

    def __init__(self, port: int = 0) -> None:
        self.url, self.port = "", port
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/fakes/chat_app.py"), "--port", str(self.port)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]
        self.port = int(self.url.rpartition(":")[2])
        return self

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def tell(self, **script: Any) -> str:
        """Run a script to its end (or begin it, with `later`); returns the session's id."""
        request = urllib.request.Request(
            self.url + "/script", json.dumps(script).encode(), {"content-type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return str(json.loads(answer.read())["session"])

    async def script(self, **script: Any) -> str:
        return await asyncio.to_thread(self.tell, **script)

    def address(self, session_id: str) -> str:
        return f"{self.url}/chat/srv_one/{session_id}"


def words(count: int, name: str = "w") -> str:
    """Text in which every word is there once, so that a lost or doubled one shows; with blocks of each kind."""
    pieces = []
    for number in range(count):
        pieces.append(f"{name}{number}")
        if number % 40 == 39:
            pieces.append("\n\n")
        elif number % 60 == 25:
            pieces.append(f"\n\n```python\n{name}code{number} = 1\n```\n\n")
        elif number % 25 == 13:
            pieces.append(f"**{name}bold{number}**")
    return " ".join(pieces)


def spoken(text: str) -> list[str]:
    """The words of a text without its Markdown, in order."""
    marks = ("```python", "```")
    return [word for word in text.replace("**", "").split() if word not in marks]


async def shown(page: Page, selector: str = ".msg.assistant .md") -> list[str]:
    """The words that the page shows in its agent's messages, in order."""
    text: str = await page.evaluate(
        "selector => [...document.querySelectorAll(selector)].map(e => [...e.children].map(c => c.textContent)"
        ".join('\\n')).join('\\n')",
        selector,
    )
    return text.split()


async def eventually(page: Page, expression: str, within: float = 60.0) -> None:
    """Wait until a JavaScript expression holds (`wait_for_function` needs the eval that our CSP forbids)."""
    pause = 0.02
    async with asyncio.timeout(within):
        while not await page.evaluate(expression):
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.2)


async def until(page: Page, expected: list[str], selector: str = ".msg.assistant .md") -> None:
    """Wait until the page shows the last of these words; then it must show exactly all of them."""
    last, where = json.dumps(expected[-1]), json.dumps(selector)
    await eventually(page, f"[...document.querySelectorAll({where})].at(-1)?.textContent.includes({last})")
    assert await shown(page, selector) == expected

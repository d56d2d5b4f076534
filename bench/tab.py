# SPDX-License-Identifier: MIT
"""A fresh browser tab with counters: bytes on the wire, main-thread time, memory, and when things show."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, CDPSession, Page
from playwright.async_api import Error as BrowserError

from bench.subject import Subject

PAGE_JS = (Path(__file__).parent / "page.js").read_text()
# What a phone on a poor connection has: 1.6/0.75 Mbit/s and 150 ms, in bytes a second and ms.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
PHONE: dict[str, Any] = {
    "viewport": {"width": 412, "height": 915}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2,
}  # fmt: skip
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
MOST_SECONDS = 200  # after which a hung page is closed under the measurement
BUSY = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "Nodes")
CPU = "TaskCpu"  # the same tasks in CPU time: beside other work on the machine, the clock counts that as well


class Transfer:
    """One request: what it was for, and its bytes (headers, body, and the final figure once it has ended)."""

    def __init__(self, url: str = "", kind: str = "") -> None:
        self.url, self.kind, self.mime = url, kind, ""
        self.headers = self.body = self.final = 0.0

    @property
    def wire(self) -> float:
        return max(self.final, self.headers + self.body)


class Tab:
    """`async with Tab(browser, subject) as tab`: own context, logged in; no HTTP cache by default."""

    def __init__(self, browser: Browser, subject: Subject, *, phone: bool = False, cache: bool = False) -> None:
        self._browser, self._subject, self._phone, self._cache = browser, subject, phone, cache
        self.page: Page
        self._cdp: CDPSession
        self.transfers: dict[str, Transfer] = {}

    async def __aenter__(self) -> Self:
        self._context = await self._browser.new_context(**(PHONE if self._phone else DESKTOP))
        self._watchdog = asyncio.create_task(self._close_late())
        if cookies := self._subject.cookies():
            await self._context.add_cookies(cookies)
        await self._context.add_init_script(PAGE_JS)
        self.page = await self._context.new_page()
        self._cdp = await self._context.new_cdp_session(self.page)
        self._cdp.on("Network.requestWillBeSent", self._sent)
        self._cdp.on("Network.responseReceived", self._answered)
        self._cdp.on("Network.dataReceived", self._data)
        self._cdp.on("Network.loadingFinished", self._finished)
        self._cdp.on("Network.webSocketFrameReceived", self._frame)
        await self._cdp.send("Network.enable")
        await self._cdp.send("Performance.enable")
        self._ticks = await self._context.new_cdp_session(self.page)
        await self._ticks.send("Performance.enable", {"timeDomain": "threadTicks"})
        await self._cdp.send("Network.setCacheDisabled", {"cacheDisabled": not self._cache})
        if self._phone:
            await self._cdp.send("Network.emulateNetworkConditions", SLOW)
            await self.throttle(4)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._watchdog.cancel()
        await self._context.close()

    async def _close_late(self) -> None:
        await asyncio.sleep(MOST_SECONDS)
        await self._context.close()

    def _transfer(self, event: dict[str, Any]) -> Transfer:
        return self.transfers.setdefault(event["requestId"], Transfer())

    def _sent(self, event: dict[str, Any]) -> None:
        transfer = self._transfer(event)
        transfer.url, transfer.kind = event["request"]["url"], event.get("type", "")

    def _answered(self, event: dict[str, Any]) -> None:
        transfer, response = self._transfer(event), event["response"]
        transfer.kind = event.get("type", transfer.kind)
        transfer.headers = response.get("encodedDataLength", 0)
        transfer.mime = response.get("mimeType", "")

    def _data(self, event: dict[str, Any]) -> None:
        self._transfer(event).body += event.get("encodedDataLength", 0)

    def _finished(self, event: dict[str, Any]) -> None:
        self._transfer(event).final = event["encodedDataLength"]

    def _frame(self, event: dict[str, Any]) -> None:
        self._transfer(event).body += len(event["response"]["payloadData"].encode())

    def forget(self) -> None:
        """Starts the byte counters anew."""
        self.transfers.clear()

    def traffic(self) -> dict[str, Any]:
        """Requests and kilobytes so far, of them scripts, and which other hosts were asked."""
        ours = (self._subject.base, self._subject.base.replace("http", "ws", 1))
        local = [t for t in self.transfers.values() if t.url.startswith(ours)]
        scripts = [t for t in local if t.kind == "Script" or "javascript" in t.mime]
        hosts = {t.url.split("/")[2] for t in self.transfers.values() if t not in local and t.url.startswith("http")}
        return {
            "requests": len(local),
            "kb": round(sum(t.wire for t in local) / 1024, 1),
            "js_kb": round(sum(t.wire for t in scripts) / 1024, 1),
            "other_hosts": sorted(hosts),
        }

    def wire(self) -> float:
        """Bytes received so far, by the browser's own count."""
        return sum(transfer.wire for transfer in self.transfers.values())

    async def throttle(self, rate: int) -> None:
        """Makes the page's CPU `rate` times slower."""
        await self._cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})

    async def before_load(self, script: str) -> None:
        """Runs `script` in each page before its own scripts."""
        await self.page.add_init_script(f"window.__pl && {script}")

    async def go(self, url: str) -> None:
        """Navigates, and returns when the answer begins."""
        await self.page.goto(url, wait_until="commit", timeout=60_000)

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page; raises TimeoutError after 45 s."""
        return await asyncio.wait_for(self.page.evaluate(expression), 45)

    async def wait(self, expression: str, seconds: float) -> Any:
        """The value of an expression once it is neither null nor false; None when that takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                value = await self.js(expression)
            except (BrowserError, TimeoutError):  # between two documents, or the page is too busy to answer
                value = None
            if value is not None and value is not False:
                return value
            await asyncio.sleep(0.1)
        return None

    async def busy(self) -> dict[str, float]:
        """Seconds of main-thread work since the page began: tasks, script, layout, style; and DOM nodes."""
        values = await self._metrics(self._cdp)
        ticks = await self._metrics(self._ticks)
        return {name: values.get(name, 0.0) for name in BUSY} | {CPU: ticks.get("TaskDuration", 0.0)}

    @staticmethod
    async def _metrics(session: CDPSession) -> dict[str, float]:
        answer = await session.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in answer["metrics"]}

    async def heap(self) -> dict[str, Any]:
        """Megabytes of JavaScript after a collection, and elements in the document."""
        await self._cdp.send("HeapProfiler.collectGarbage")
        usage = await self._cdp.send("Runtime.getHeapUsage")
        elements = await self.js("document.querySelectorAll('*').length")
        return {"heap_mb": round(usage["usedSize"] / 1e6, 1), "elements": elements}

    async def quiet(self, idle: float = 1.0, seconds: float = 8) -> None:
        """Waits until the main thread was idle for `idle` s, at most `seconds` (some pages never are)."""
        end, last = time.monotonic() + seconds, -1.0
        while time.monotonic() < end:
            now = (await self.busy())["TaskDuration"]
            if last >= 0 and now - last < 0.03 * idle:
                return
            last = now
            await asyncio.sleep(idle)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    """Main-thread milliseconds between two `Tab.busy()`."""
    ms = {name: round((after[name] - before.get(name, 0.0)) * 1000) for name in (*BUSY[:4], CPU)}
    return {
        "busy_ms": ms["TaskDuration"],
        "busy_cpu_ms": ms[CPU],
        "script_ms": ms["ScriptDuration"],
        "layout_ms": ms["LayoutDuration"] + ms["RecalcStyleDuration"],
    }


def quoted(text: str) -> str:
    """`text` as a JavaScript string."""
    return json.dumps(text)

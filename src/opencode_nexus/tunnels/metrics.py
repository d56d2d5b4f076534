# SPDX-License-Identifier: MIT
"""What a running cloudflared tells on its metrics port. It is on 127.0.0.1 and asks for no password."""

from typing import Any

import httpx2

from opencode_nexus.tunnels.figures import Figures, read
from opencode_nexus.tunnels.origins import Route

PATIENCE = 3.0  # seconds for an answer; it comes within a millisecond unless the machine is very busy


class NoAnswer(Exception):
    """It does not answer, or not what it should."""


class Metrics:
    """Asks the cloudflared that listens on `port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        # No proxy of the environment stands between us and 127.0.0.1, and http:// needs no certificates: loading them
        # would hold the event loop up for 100 ms.
        self._client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=PATIENCE
        )

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()

    async def connections(self) -> int:
        """Return how many connections the edge has accepted; raises NoAnswer."""
        answer = (await self._ask("/ready", also=503)).json
        return int(answer.get("readyConnections", 0)) if isinstance(answer, dict) else 0

    async def hostname(self) -> str:
        """Return the public name of a quick tunnel, "" for another one; raises NoAnswer."""
        answer = (await self._ask("/quicktunnel")).json
        return str(answer.get("hostname") or "").lower() if isinstance(answer, dict) else ""

    async def routes(self) -> tuple[int, tuple[Route, ...]]:
        """Return the configuration in force: its version (below zero: nothing came from Cloudflare), and its rules."""
        answer = (await self._ask("/config")).json
        version = answer.get("version") if isinstance(answer, dict) else None
        rules = (answer.get("config") or {}).get("ingress") or [] if isinstance(answer, dict) else []
        found = tuple(
            Route(str(rule.get("hostname") or "").lower(), str(rule.get("service") or ""))
            for rule in rules
            if isinstance(rule, dict)
        )
        return (version if isinstance(version, int) else -1), found

    async def figures(self) -> Figures:
        """Return its counters; raises NoAnswer."""
        return read((await self._ask("/metrics")).text)

    async def _ask(self, path: str, also: int = 200) -> "_Answer":
        try:
            reply = await self._client.get(path)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        if reply.status_code not in (200, also):
            raise NoAnswer(f"{path}: status {reply.status_code}")
        return _Answer(reply)


class _Answer:
    def __init__(self, reply: httpx2.Response) -> None:
        self.text = reply.text
        self._reply = reply

    @property
    def json(self) -> Any:
        try:
            return self._reply.json()
        except ValueError as error:
            raise NoAnswer("its answer is no JSON") from error

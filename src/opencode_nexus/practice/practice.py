# SPDX-License-Identifier: MIT
"""The practice model as a service of the hub: on by choice, on a loopback port of its own, with its key."""

import asyncio
import contextlib
import errno
import logging
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_token
from opencode_nexus.practice.errors import PracticeNotStarted
from opencode_nexus.practice.model import MODEL, PracticeModel
from opencode_nexus.practice.script import NOTE_COMMAND
from opencode_nexus.store.kv import Kv

log = logging.getLogger(__name__)

PROVIDER = "practice"
PROVIDER_NAME = "Practice model"
MODEL_NAME = "Practice (scripted, no AI)"
_KEY = "practice"  # in kv: {"enabled", "port", "key"}
_HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """A uvicorn that leaves the process's signals to the hub."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Practice:
    """Serves the practice model while it is enabled.

    Port and key are kept: an OpenCode that outlived the hub finds the model where its configuration says.
    `problem` is one sentence when that could not be done, else empty.
    """

    def __init__(self, kv: Kv, clock: Clock) -> None:
        self._kv = kv
        self._clock = clock
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.problem = ""

    @property
    def enabled(self) -> bool:
        return bool(self._kept().get("enabled"))

    @property
    def base_url(self) -> str | None:
        """Where the model answers, such as `http://127.0.0.1:40123/v1`; None when it is not served."""
        return f"http://{_HOST}:{self._kept()['port']}/v1" if self._server else None

    def _kept(self) -> dict[str, Any]:
        return dict(self._kv.get(_KEY) or {})

    async def open(self) -> None:
        """Serve the model if it was enabled. Never fails: the reason is then in `problem`."""
        if self.enabled:
            try:
                await self._start()
            except PracticeNotStarted as error:
                self.problem = str(error)
                log.error("%s", error)

    async def close(self) -> None:
        """Stop serving; answers under way are cut off, and OpenCode tries those again by itself."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        for connection in tuple(self._server.server_state.connections):
            if connection.transport is not None:  # a clean end would pass for the end of the answer
                connection.transport.abort()
        await self._serving
        self._server = self._serving = None

    async def enable(self) -> None:
        """Switch the model on and serve it. OpenCode servers learn of it at their next start."""
        await self._keep(enabled=True)
        if self._server is None:
            await self._start()

    async def disable(self) -> None:
        """Switch the model off; its port and key are kept for the next time."""
        await self._keep(enabled=False)
        await self.close()

    def opencode_config(self) -> dict[str, Any]:
        """Return the part of OpenCode's configuration that offers the model; empty when it is not served.

        The one rule is given to the agents: there OpenCode 1.18.33 appends it to the user's own rules
        (measured), while under `permission` it would replace a plain `"bash": "ask"` of theirs.
        """
        if self._server is None:
            return {}
        asks = {"permission": {"bash": {NOTE_COMMAND: "ask"}}}
        return {
            # else OpenCode 1.18.33 chooses a free model of its maker's and sends the words there (measured)
            "model": f"{PROVIDER}/{MODEL}",
            "provider": {
                PROVIDER: {
                    "npm": "@ai-sdk/openai-compatible",  # bundled with OpenCode: nothing is fetched
                    "name": PROVIDER_NAME,
                    "options": {"baseURL": self.base_url, "apiKey": self._kept()["key"]},
                    "models": {
                        MODEL: {
                            "name": MODEL_NAME,
                            "reasoning": True,
                            "tool_call": True,
                            "limit": {"context": 200_000, "output": 8_192},
                        }
                    },
                }
            },
            "agent": {"build": asks, "plan": asks},
        }

    async def _keep(self, **values: object) -> None:
        await self._kv.set(_KEY, self._kept() | values)

    async def _start(self) -> None:
        kept = self._kept()
        listener = self._listen(int(kept.get("port") or 0))
        key = str(kept.get("key") or new_token())
        await self._keep(port=listener.getsockname()[1], key=key)
        config = uvicorn.Config(
            PracticeModel(key, self._clock).app,
            lifespan="off", log_config=None, access_log=False, server_header=False,
            ws="none", proxy_headers=False, timeout_graceful_shutdown=1, limit_concurrency=64,
        )  # fmt: skip
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="practice model")

    def _listen(self, port: int) -> socket.socket:
        """Return a listening socket on `port`, or on any free one when that is taken (`problem` says so)."""
        self.problem = ""
        try:
            return _bind(port)
        except OSError as error:
            if not port or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise PracticeNotStarted(f"{error.strerror or error}.") from error
        self.problem = (
            f"Port {port} of the practice model is taken by another program, so it moved to another port. "
            "Restart the OpenCode servers that run, so that they find it."
        )
        log.warning("%s", self.problem)
        try:
            return _bind(0)
        except OSError as error:
            raise PracticeNotStarted(f"{error.strerror or error}.") from error


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener

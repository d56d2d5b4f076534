# SPDX-License-Identifier: MIT
"""The genuine cloudflared as a process, told where the edge is by flags alone: nothing of ours is between."""

import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.edge.edge import WITHIN, Edge


class Program:
    """`tunnel` with these words behind the flags that every run has; its log goes to a file in `folder`."""

    def __init__(self, binary: Path, edge: Edge, folder: Path, protocol: str, *words: str, **environ: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.yml"
        config.write_text("no-autoupdate: true\n")  # an empty one is an error to cloudflared
        self._log = folder / "cloudflared.log"
        own = ["--config", str(config), "--no-autoupdate", "--no-prechecks", "--metrics", "127.0.0.1:0"]
        flags = [*own, "--protocol", protocol, "--grace-period", "5s", *shlex.split(edge.arguments)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNNEL_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(binary), "tunnel", *flags, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**kept, "HOME": str(folder), **environ},
            )

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_line(self, pattern: str, within: float = WITHIN) -> re.Match[str]:
        """Block until its log matches; raises TimeoutError, at once when it has ended without that."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            ended = not self.running
            if found := re.search(pattern, self.log):
                return found
            if ended:
                break
            time.sleep(0.02)
        raise TimeoutError(f"cloudflared did not say {pattern!r}:\n{self.log}")

    def wait_end(self, within: float = WITHIN) -> int:
        """Block until it has ended; its exit status."""
        return self._process.wait(within)

    def metrics(self, path: str) -> tuple[int, Any]:
        """What its metrics server answers: status and JSON."""
        answer = self._ask(path)
        return answer.status_code, answer.json()

    def metrics_text(self) -> str:
        """Its counters, as Prometheus reads them."""
        return self._ask("/metrics").text

    def _ask(self, path: str) -> httpx2.Response:
        where = self.wait_line(r"Starting metrics server on ([\d.:]+)/metrics")[1]
        # without `verify=False` each would read all authorities of this machine, for 24 ms of a core and no TLS
        return httpx2.get(f"http://{where}{path}", timeout=WITHIN, trust_env=False, verify=False)

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        return self.wait_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.running:
            self._process.kill()
        self._process.wait()

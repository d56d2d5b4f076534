# SPDX-License-Identifier: MIT
"""The real programs under test: the scripted provider and OpenCode, each a process of its own."""

import base64
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "SHARE")
READY_WITHIN = 60.0  # seconds; a start takes 1.5 to 3.2 s on two shared cores


def find_opencode() -> Path | None:
    """The real platform binary: from NEXUS_TEST_OPENCODE, or the clone's node_modules; None when absent."""
    if told := os.environ.get("NEXUS_TEST_OPENCODE"):
        return Path(told)
    found = sorted((ROOT / "node_modules").glob("opencode-*/bin/opencode*"))
    return found[0] if found else None


def http(url: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 10) -> Any:
    """One blocking request on loopback, past any proxy; returns the JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"null")


def lasting_port() -> int:
    """A free port of 127.0.0.1 that stays free while its program is started anew.

    It lies below those that systems give out by themselves (32768 and up on Linux, 49152 elsewhere), which another
    worker's programs take all the time.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Provider:
    """A running `tests/fakes/provider.py`. `said()` is its own record of what it said."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/fakes/provider.py"), "--log", str(log)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]  # http://127.0.0.1:PORT/v1
        self.root = self.url.removesuffix("/v1")

    def lines(self) -> list[dict[str, Any]]:
        """The log so far, oldest first."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def said(self, kind: str = "text", run: int | None = None) -> str:
        """All words of `kind` ("text", "reasoning"), of one run or of all."""
        lines = [line for line in self.lines() if line["kind"] == kind and run in (None, line["run"])]
        return "".join(line["text"] for line in lines)

    def waiting(self) -> list[str]:
        """The names at which scripts stand, or stood."""
        return list(http(f"{self.root}/waiting"))

    def release(self, name: str) -> None:
        """Let a script go on that stands at {"wait": name}."""
        http(f"{self.root}/release/{name}", {})

    def config(self, **models: dict[str, Any]) -> dict[str, Any]:
        """An OpenCode configuration that knows only this provider, as `scripted/m1`."""
        model = {"name": "Scripted M1", "reasoning": True, "tool_call": True}
        return {
            "autoupdate": False,
            "share": "disabled",
            "model": "scripted/m1",
            "small_model": "scripted/m1",
            "enabled_providers": ["scripted"],
            "provider": {
                "scripted": {
                    "npm": "@ai-sdk/openai-compatible",
                    "name": "Scripted",
                    "options": {"baseURL": self.url, "apiKey": "not-a-secret"},
                    "models": {"m1": {**model, "limit": {"context": 200000, "output": 8192}}, **models},
                }
            },
            "permission": {
                "edit": "allow",
                "bash": {"*": "allow", "touch *": "ask", "mkdir *": "ask", "rmdir *": "ask"},
                "webfetch": "deny",
            },
        }

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class OpenCode:
    """A real server with everything it keeps under `root`; `project` is its folder. Can be started again."""

    def __init__(self, binary: Path, root: Path, config: dict[str, Any], git: bool = False) -> None:
        self.root, self.project = root, root / "project"
        self.username, self.password = "opencode", secrets.token_urlsafe(24)
        self.base_url, self.started = "", 0.0
        self._binary, self._config = binary, config
        self._process: subprocess.Popen[bytes] | None = None
        self.project.mkdir(parents=True)
        if git:
            subprocess.run(["git", "init", "-q", "."], cwd=self.project, check=True)
        seed(root / "config" / "opencode")

    def environment(self) -> dict[str, str]:
        """Nothing of the tester's own OpenCode, nothing that it would fetch."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENCODE")}
        for name in ("home", "config", "data", "state", "cache", "tmp"):
            (self.root / name).mkdir(exist_ok=True)
        homes = {f"XDG_{k.upper()}_HOME": str(self.root / k) for k in ("config", "data", "state", "cache")}
        quiet = {f"OPENCODE_DISABLE_{name}": "1" for name in QUIET}
        return {
            **kept,
            **homes,
            **quiet,
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "OPENCODE_SERVER_PASSWORD": self.password,
            "OPENCODE_CONFIG_CONTENT": json.dumps(self._config),
        }

    def start(self) -> None:
        """Start it and return once its health answers."""
        log = (self.root / "opencode.log").open("ab")
        command = [str(self._binary), "serve", "--hostname", "127.0.0.1", "--port", "0", "--print-logs"]
        with log:
            offset = log.tell()
            self._process = subprocess.Popen(
                command,
                cwd=self.project,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.time()
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError((self.root / "opencode.log").read_text()[-2000:])
            text = (self.root / "opencode.log").read_bytes()[offset:].decode(errors="replace")
            _, found, rest = text.partition("listening on http://")
            if found and "\n" in rest:
                self.base_url = "http://" + rest.split("\n")[0].strip()
                try:
                    self.call("/global/health", timeout=0.3)
                    return
                except (OSError, urllib.error.URLError):
                    continue
            time.sleep(0.02)
        raise RuntimeError("OpenCode was not ready in time")

    def call(self, path: str, body: Any = None, timeout: float = 10) -> Any:
        """One request with its password."""
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return http(self.base_url + path, body, {"authorization": f"Basic {token}"}, timeout)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9, as a crash; returns when it is gone."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def seed(folder: Path) -> None:
    """Make a config folder in which OpenCode installs nothing (it believes that its plugin is there)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node_modules").mkdir(exist_ok=True)
    wanted = {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}
    (folder / "package.json").write_text(json.dumps(wanted))
    lock = {"name": "opencode", "lockfileVersion": 3, "packages": {"": wanted}}
    (folder / "package-lock.json").write_text(json.dumps(lock))

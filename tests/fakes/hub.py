# SPDX-License-Identifier: MIT
"""A real hub as a process of its own, with everything it keeps under one folder; gone at the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx2
import psutil

from tests import leaks
from tests.fakes.real import ROOT

OWNER, PASSWORD = "owner", leaks.remember("Correct-horse-7")
READY = "OpenCode Nexus is ready at "
READY_WITHIN = 60.0  # seconds; a start takes well under one, on a machine that is not crowded
GONE_WITHIN = 60.0


class HubFailed(Exception):
    """The hub ended before it was ready; carries its exit status and what it wrote to stderr."""

    def __init__(self, status: int, stderr: str) -> None:
        super().__init__(f"exit status {status}\n{stderr}")
        self.status, self.stderr = status, stderr


class RealHub:
    """`python -m opencode_nexus` below `root`: its home, its user's HOME, and one project folder.

    `environ` is added to its environment. Use as a context manager, so that nothing it started is left.
    """

    module = "opencode_nexus"  # what serves; a subclass may name one that bends it first
    python = sys.executable  # what runs it; another one, or a program that takes `-m` as Python does

    def __init__(self, root: Path, opencode: Path | None = None, **environ: str) -> None:
        self.root, self.home, self.project = root, root / "nexus", root / "project"
        self.opencode, self.url, self.token = opencode, "", ""
        self.process: subprocess.Popen[bytes] | None = None
        self._environ = environ
        self.project.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Nothing of the tester's own OpenCode or hub, and a HOME that is ours."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCODE", "XDG_", "DBUS_", "DISPLAY"))}
        homes = {"HOME": self.root / "user"}
        for name in ("config", "data", "state", "cache"):
            homes[f"XDG_{name.upper()}_HOME"] = self.root / "user" / name
        for folder in homes.values():
            folder.mkdir(parents=True, exist_ok=True)
        return {
            **kept,
            **{name: str(folder) for name, folder in homes.items()},
            "PYTHONPATH": str(ROOT / "src"),
            "OPENCODE_NEXUS_HOME": str(self.home),
            "OPENCODE_NEXUS_PORT": "0",
            **self._environ,
        }

    # -- commands ----------------------------------------------------------------------------------

    def command(self, *words: str, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run one command of ours to its end; fails when it tells a secret that is known already."""
        done = subprocess.run(
            [self.python, "-m", "opencode_nexus", *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment(),
            cwd=self.root,
            timeout=timeout,
        )
        leaks.refuse(f"{words[0]}: {start}" for start in leaks.found_in(done.stdout + done.stderr))
        return done

    def set_up(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Finish the set-up by command: the owner, the project, and the OpenCode to run."""
        secret = self.root / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        words = ["setup", "--owner", OWNER, "--password-file", str(secret), "--project", str(self.project)]
        if self.opencode is not None:
            words += ["--opencode", str(self.opencode)]
        return self.command(*words, *more)

    def make_token(self) -> str:
        """Make an API token by command, and keep it for `api`."""
        done = self.command("token", "create", "--name", f"test-{time.monotonic_ns()}", "--json")
        assert done.returncode == 0, done.stderr
        self.token = leaks.remember(json.loads(done.stdout)["token"])
        return self.token

    # -- the process -------------------------------------------------------------------------------

    def start(self, *flags: str) -> Self:
        """Start it; returns once it says that it is ready. Raises HubFailed when it ends before."""
        out, err = self.root / "hub.out", self.root / "hub.err"
        begun = out.stat().st_size if out.exists() else 0
        wrote = err.stat().st_size if err.exists() else 0
        with out.open("ab") as stdout, err.open("ab") as stderr:
            self.process = subprocess.Popen(
                [self.python, "-m", self.module, "serve", "--no-open", *flags],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self.environment(), cwd=self.root,
            )  # fmt: skip
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            status = self.process.poll()
            for line in out.read_bytes()[begun:].decode().splitlines(keepends=True):
                if READY in line and line.endswith("\n"):
                    self.url = line.partition(READY)[2].strip()
                    leaks.remember(json.loads((self.home / "hub.json").read_text())["token"])
                    return self
            if status is not None:
                raise HubFailed(status, err.read_bytes()[wrote:].decode())
            time.sleep(0.02)
        raise HubFailed(0, f"not ready within {READY_WITHIN} s: {err.read_text()[-2000:]}")

    def stop(self) -> int:
        """End it as a person would; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(GONE_WITHIN)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def api(self) -> httpx2.Client:
        """A client of its API with the token; `make_token` must have been called."""
        headers = {"authorization": f"Bearer {self.token}"}
        # without `verify=False` each would read all authorities of this machine, for 24 ms of a core and no TLS
        return httpx2.Client(base_url=self.url + "api/v1", headers=headers, timeout=60, trust_env=False, verify=False)

    # -- the end -----------------------------------------------------------------------------------

    def children(self) -> list[psutil.Process]:
        """Everything alive whose environment names our folder, hub not counted."""
        found = []
        own = self.process.pid if self.process is not None else -1
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != own and str(self.root) in " ".join(process.environ().values()):
                    found.append(process)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GONE_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for process in self.children():
            with contextlib.suppress(psutil.Error):
                process.kill()
        leaks.refuse(leaks.in_logs(self.root))

# SPDX-License-Identifier: MIT
"""The commands of docs/tutorial/first-answer.md as somebody types them: word by word, in order, in two terminals."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.browser.talk import eventually
from tests.conftest import ROOT
from tests.fakes.hub import READY

PAGE = ROOT / "docs/tutorial/first-answer.md"
STARTS = "make run"
# Goes where the terminal is, does the line, and leaves where the terminal is then; Ctrl-C is for what the line started.
LINE = 'trap : INT; cd "$1" && eval "$2"; status=$?; pwd >"$3"; exit $status'


def blocks() -> list[list[str]]:
    """Return the page's commands, a list for each of its blocks."""
    return [block.strip().splitlines() for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE.read_text())]


class Terminal:
    """`at` is its folder; `into` the words that lead into another root, where the paths are the same."""

    def __init__(self, at: Path, environ: Mapping[str, str], into: Sequence[str] = ()) -> None:
        self.at, self._environ, self._into = at, dict(environ), list(into)
        self._place = at / f"place-{id(self)}"

    def words(self, line: str) -> list[str]:
        return [*self._into, "sh", "-c", LINE, "sh", str(self.at), line, str(self._place)]

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Do one line to its end."""
        done = subprocess.run(
            self.words(line), env=self._environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        self.at = Path(self._place.read_text().strip())
        return done

    def begin(self, line: str, out: Path) -> subprocess.Popen[bytes]:
        """Begin one line in a session of its own, as in a terminal; what it says goes to `out` and `out`.err."""
        with out.open("wb") as stdout, out.with_suffix(".err").open("wb") as stderr:
            return subprocess.Popen(
                self.words(line), env=self._environ, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                start_new_session=True,
            )  # fmt: skip


class Reader:
    """Somebody who follows the page below `root`; what the page marks as <their own> they know, or were told."""

    def __init__(self, root: Path, repository: Path, environ: Mapping[str, str], into: Sequence[str] = ()) -> None:
        self.root, self.out = root, root / "out"
        self._environ, self._into = {**environ, "HOME": str(root / "home")}, into
        self._first = Terminal(root, self._environ, into)
        self._own = {"this repository": str(repository)}
        self._left = blocks()
        self.hub: subprocess.Popen[bytes] | None = None
        (root / "home").mkdir()

    def clone(self) -> Path:
        """Do what comes before the start; returns the clone."""
        *before, last = self._left.pop(0)
        assert last == STARTS
        for line in before:
            done = self._first.run(self._filled(line))
            assert done.returncode == 0, (line, done.stdout, done.stderr)
        return self._first.at

    def start(self, within: float) -> str:
        """Start the hub and return its address, once it is ready."""
        self.hub = self._first.begin(STARTS, self.out)

        def ready() -> list[str]:
            assert self.hub is not None
            assert self.hub.poll() is None, self.out.with_suffix(".err").read_text()
            lines = self.out.read_text().splitlines(keepends=True)
            return lines if len(lines) > 1 and lines[-1].endswith("\n") else []

        first, second, *_ = eventually(ready, "the ready line", within)
        assert first.startswith(READY)
        assert second.startswith("Set-up code: ")
        return str(first.removeprefix(READY).strip())

    def follow(self) -> str:
        """Do the rest in a second terminal; returns what the chat says in the end."""
        terminal = Terminal(self._first.at, self._environ, self._into)

        def permissions() -> list[str]:
            return [row for row in terminal.run(line).stdout.splitlines() if row.startswith("permission")]

        for line in [line for block in self._left for line in block]:
            done = terminal.run(self._filled(line))
            if line.endswith("--wait"):
                assert done.returncode == 1, done.stdout + done.stderr
                assert "It waits for you" in done.stderr
                continue
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            if line.endswith("inbox list"):
                (row,) = eventually(permissions, "the permission is in the inbox")
                self._own["id"] = row.split()[-1]

        # the agent goes on while its chat is read: look again, as a reader does
        def shown() -> str:
            now = terminal.run(line).stdout
            return now if "is there now" in now else ""

        return str(eventually(shown, "the answer"))

    def interrupt(self) -> list[psutil.Process]:
        """Press Ctrl-C in the first terminal; returns what lives on, but for an OpenCode that still works."""
        assert self.hub is not None
        os.killpg(self.hub.pid, signal.SIGINT)
        self.hub.wait(60)
        left = [process for process in self.left() if process.name() != "opencode"]
        return list(psutil.wait_procs(left, timeout=60)[1])

    def left(self) -> list[psutil.Process]:
        """Every process whose environment names our folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.root) in " ".join(process.environ().values()):
                    found.append(process)
        return found

    def end(self) -> None:
        """End whatever is left."""
        for process in self.left():
            with suppress(psutil.Error):
                process.kill()
        if self.hub is not None:
            self.hub.wait()

    def _filled(self, line: str) -> str:
        return re.sub(r"<([a-z ]+)>", lambda found: self._own[found[1]], line)

# SPDX-License-Identifier: MIT
"""A screen that nobody sees: Xvfb, a session bus, openbox, and trayer for the icon beside the clock."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from tests.conftest import ROOT

T = TypeVar("T")

PATIENCE = 60.0  # seconds; only ends a test that waits for something that never comes
PYTHON = ROOT / ".venv-desktop" / "bin" / "python"  # made by scripts/setup test
PROGRAMS = ("Xvfb", "dbus-daemon", "openbox", "trayer", "xdotool", "wmctrl", "import")


def until(look: Callable[[], T], told: str) -> T:
    """Look again and again until there is something; returns it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"never came: {told}")


def missing() -> list[str]:
    """What is not here of all that it takes."""
    return [name for name in PROGRAMS if shutil.which(name) is None] + ([] if PYTHON.exists() else [PYTHON.parts[-3]])


class Screen:
    """Use as a context manager; what it starts lives in `folder` and ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ: dict[str, str] = {}
        self._started: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "screen.log").open("wb")

    def __enter__(self) -> Self:
        for name in ("run", "home"):
            (self.folder / name).mkdir(mode=0o700)
        self.environ = {
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            # no card to draw with here
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "0",
        }
        try:
            # -noreset: when its last client goes it would begin anew, and drop the one that just came
            number = self._told(
                "Xvfb", "-displayfd", "{}", "-screen", "0", "1280x900x24", "-noreset", "-nolisten", "tcp"
            )
            self.environ["DISPLAY"] = f":{number}"
            address = self._told("dbus-daemon", "--session", "--nofork", "--print-address={}")
            self.environ["DBUS_SESSION_BUS_ADDRESS"] = address
            self.start("openbox")
            until(self._managed, "the window manager")  # trayer looks for one when it starts
            self.start("trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height", "24")
            until(lambda: self.windows("panel"), "trayer's panel")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._started):
            process.terminate()
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._log.close()

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_", "DISPLAY"))}
        return {**kept, "HOME": str(self.folder / "home"), **self.environ}

    def start(self, *words: str, keep: tuple[int, ...] = ()) -> "subprocess.Popen[bytes]":
        """Start a program of the session, which ends with it at the latest."""
        process = subprocess.Popen(
            words, env=self._env(), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, pass_fds=keep
        )
        self._started.append(process)
        return process

    def _told(self, *words: str) -> str:
        """Start a program that writes one line to the descriptor that its flags have in place of {}; that line."""
        read, write = os.pipe()
        try:
            self.start(*(word.format(write) for word in words), keep=(write,))
        finally:
            os.close(write)
        with os.fdopen(read, encoding="ascii") as pipe:
            line = pipe.readline().strip()
        assert line, f"{words[0]} did not start: see {self.folder / 'screen.log'}"
        return line

    def _managed(self) -> bool:
        return subprocess.run(["wmctrl", "-m"], env=self._env(), capture_output=True).returncode == 0

    # -- what a person does and sees ------------------------------------------------------------

    def run(self, *words: str) -> str:
        """One command in the session, to its end; what it said."""
        done = subprocess.run(words, env=self._env(), capture_output=True, text=True, timeout=2 * PATIENCE)
        assert done.returncode == 0, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout

    def windows(self, named: str) -> list[str]:
        """The ids of the windows with this name that are shown, as wmctrl has them."""
        listed = subprocess.run(["wmctrl", "-l"], env=self._env(), capture_output=True, text=True).stdout
        rows = [line.split(None, 3) for line in listed.splitlines()]
        return [row[0] for row in rows if len(row) == 4 and row[3] == named]

    def active(self) -> int:
        """The id of the window that has the keyboard; 0 for none."""
        said = subprocess.run(["xdotool", "getactivewindow"], env=self._env(), capture_output=True, text=True)
        return int(said.stdout or 0)

    def see(self, text: str) -> None:
        """Wait until the accessible tree holds this text: a web view's comes from its DOM."""
        self._seen("wait", text)

    def shows(self, text: str) -> bool:
        """Whether the accessible tree holds this text now."""
        return text in self.run(str(PYTHON), "-W", "ignore", str(ROOT / "tests/desktop/seen.py"), "show")

    def press(self, text: str) -> None:
        """Press the link, the button or the entry of a menu of this name, once it is there."""
        self._seen("press", text)

    def _seen(self, doing: str, text: str) -> None:
        words = [str(PYTHON), "-W", "ignore", str(ROOT / "tests/desktop/seen.py"), doing, text]
        done = subprocess.run(words, env=self._env(), capture_output=True, text=True, timeout=2 * PATIENCE)
        if done.returncode:
            tree = self.run(*words[:-2], "show")
            raise AssertionError(f"{doing} {text!r}: never came\n{done.stderr}\n{tree}")

    def picture(self, path: Path) -> None:
        """A picture of the whole screen."""
        self.run("import", "-window", "root", str(path))

# SPDX-License-Identifier: MIT
"""The hub behind the window: joined when it runs, started when it does not, asked over its API."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, TypedDict
from urllib.parse import urlsplit

import httpx2

from opencode_nexus.desktop.errors import HubDidNotStart, HubGone
from opencode_nexus.store.home import Home, RunningHub

START_WITHIN = 60.0  # seconds until a started hub must answer; here it takes 1, on a busy small machine 10
LOOK_EVERY = 0.1
ANSWER_WITHIN = 10.0
STOP_WITHIN = 30.0  # seconds; a stop closes tunnels and ends idle servers first
HEARD_WITHIN = 10.0  # seconds for a hub on Windows to have ended: most often it has not heard that it is to stop
if sys.platform == "win32":
    CTRL_BREAK = signal.CTRL_BREAK_EVENT
else:
    CTRL_BREAK = 0  # there is none; the tests of Windows' side run everywhere


def command() -> list[str]:
    """Return how this installation is started again; a bundle is its own program."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "opencode_nexus"]


class Alone(TypedDict, total=False):
    """How a process is started apart from this one, in the words of subprocess.Popen."""

    start_new_session: bool
    creationflags: int


def alone() -> Alone:
    """Return what sets a process apart: Ctrl-C in the window's terminal is the window's."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    else:
        return {"start_new_session": True}


class LocalHub:
    """The hub on one home folder. `flags` go to one that is started here, as `serve` takes them."""

    def __init__(self, home: Path, flags: Sequence[str] = (), *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.home = home
        self._flags, self._sleep = tuple(flags), sleep
        self._process: subprocess.Popen[bytes] | None = None
        self._last: RunningHub | None = None

    @property
    def url(self) -> str:
        """Its address with the base path and a slash at the end. Raises HubGone before it was found."""
        if self._last is None:
            raise HubGone(f"No hub runs on the home folder {self.home}.")
        return self._last.url

    @property
    def ours(self) -> bool:
        """Whether the hub that runs was started here."""
        return self._process is not None and self._last is not None and self._process.pid == self._last.pid

    def find(self) -> bool:
        """Look whether a hub runs on the home folder and answers."""
        found = Home(self.home).running()
        if found is None:
            return False
        try:
            self._ask(found, "GET", "/status")
        except HubGone:
            return False
        self._last = found
        return True

    def ended_by_itself(self) -> bool:
        """Whether it went without a word: one that is stopped takes its hub.json away first."""
        return Home(self.home).running() is not None

    def join_or_start(self) -> bool:
        """Have a hub that answers; tells whether it had to be started. Raises HubDidNotStart.

        A hub that is started again takes the port that it had, so that the page in the window finds it.
        """
        if self.find():
            return False
        with tempfile.TemporaryFile() as said:
            process = self._process = self._start(said)
            until = time.monotonic() + START_WITHIN
            while not self.find():
                if process.poll() is not None and not self._other_starts():
                    raise HubDidNotStart(last_lines=_lines(said))
                if time.monotonic() > until:
                    raise HubDidNotStart(
                        f"It did not answer within {START_WITHIN:.0f} seconds.", last_lines=_lines(said)
                    )
                self._sleep(LOOK_EVERY)
        return True

    def _other_starts(self) -> bool:
        # another start was quicker, a service's say, and holds the folder: its hub is as good
        return Home(self.home).held()

    def _start(self, said: IO[bytes]) -> "subprocess.Popen[bytes]":
        if self._process is not None:
            self._process.poll()  # one that was killed stays in the system's table until it is asked about
        again = [] if self._last is None or "--port" in self._flags else ["--port", str(urlsplit(self._last.url).port)]
        words = [*command(), "serve", "--no-open", "--home", str(self.home), *self._flags, *again]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **alone())

    def ask(self, method: str, path: str, body: object = None, *, within: float = ANSWER_WITHIN) -> Any:
        """Return what the API says within so many seconds, None for nothing. Raises HubGone."""
        if self._last is None:
            raise HubGone()
        return self._ask(self._last, method, path, body, within)

    @staticmethod
    def _ask(hub: RunningHub, method: str, path: str, body: object = None, within: float = ANSWER_WITHIN) -> Any:
        headers = {"authorization": f"Bearer {hub.token}", "accept": "application/json"}
        try:
            with httpx2.Client(headers=headers, timeout=within, trust_env=False) as client:
                reply = client.request(method, hub.url.rstrip("/") + "/api/v1" + path, json=body)
            reply.raise_for_status()
            return reply.json() if reply.content else None
        except (httpx2.HTTPError, ValueError) as error:
            raise HubGone(str(error) or type(error).__name__) from error

    def sign_in_link(self) -> str:
        """Return an address that signs this window in, once. Raises HubGone."""
        made: dict[str, str] = self.ask("POST", "/logins/link", {"name": "Window on this machine"})
        return made["url"]

    def stop(self) -> None:
        """Stop the hub as Ctrl-C does, if it was started here; busy agents go on as `on_stop` says."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            _stop_on_windows(process)
        else:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it takes its time; the window does not wait for it
                process.wait(STOP_WITHIN)


def _stop_on_windows(process: "subprocess.Popen[bytes]") -> None:
    """Ask it, and end it where it does not hear.

    A console's Ctrl-Break reaches the programs of that console alone (GenerateConsoleCtrlEvent), and CREATE_NO_WINDOW
    gave the hub one of its own. Its servers go on then, as after a crash, and its next start finds them.
    """
    with contextlib.suppress(OSError):  # a window without a console can send none
        os.kill(process.pid, CTRL_BREAK)
    try:
        process.wait(HEARD_WITHIN)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _lines(said: IO[bytes]) -> list[str]:
    said.seek(0)
    return said.read().decode("utf-8", "replace").splitlines()[-20:]

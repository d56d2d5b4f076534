# SPDX-License-Identifier: MIT
"""One window for a home folder: a second start brings the first to the front and ends."""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import IO

from opencode_nexus.core.ids import new_token
from opencode_nexus.store.home import lock_file

log = logging.getLogger(__name__)

SHOW = b"show"
DONE = b"shown"


def _hear(connection: Connection, key: bytes, show: Callable[[], None]) -> None:
    try:
        with connection:
            deliver_challenge(connection, key)  # what Listener does by itself, in the thread that accepts
            answer_challenge(connection, key)
            if connection.recv_bytes(100) == SHOW:
                show()
                connection.send_bytes(DONE)
    except AuthenticationError:
        log.warning("a program without the key knocked at the window")
    except (OSError, EOFError, ValueError) as error:
        log.debug("a later start was not heard: %s", error)


class Instance:
    """The right to the one window of `folder`; `take` it, then `listen` for later starts.

    The lock belongs to the open file, so a window that is killed leaves nothing behind that stops the next. Later
    starts come over a loopback port with a key that only a file of mode 0600 has: a socket in the folder could have
    too long a name (108 bytes at most).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[str] | None = None
        self._listener: Listener | None = None

    def take(self) -> bool:
        """Whether this is the first window; another one holds the folder otherwise. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (self._folder / "window.lock").open("a+", encoding="ascii")
        try:
            lock_file(file)
        except OSError:
            file.close()
            return False
        self._lock = file
        return True

    def listen(self, show: Callable[[], None]) -> None:
        """Call `show`, from another thread, whenever the command is started again. Raises OSError."""
        key = new_token()
        listener = self._listener = Listener(("127.0.0.1", 0))
        port = listener.address[1]
        draft = self._folder / "window.json.new"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"port": port, "key": key}, file)
        draft.replace(self._folder / "window.json")
        words = (listener, key.encode(), show)
        threading.Thread(target=self._serve, args=words, name="later starts", daemon=True).start()

    def _serve(self, listener: Listener, key: bytes, show: Callable[[], None]) -> None:
        while self._listener is listener:
            try:
                connection = listener.accept()
            except OSError as error:
                log.debug("a later start was not heard: %s", error)
                continue
            # each in a thread of its own: one that never says a word must not keep out the next
            threading.Thread(target=_hear, args=(connection, key, show), name="later start", daemon=True).start()

    def show_other(self, within: float = 15.0) -> bool:
        """Ask the window that holds the folder to come to the front; whether it said so within so many seconds.

        In a thread of its own, as Client() waits without end for the first word of a stranger who has none.
        """
        done = threading.Event()
        shown: list[bool] = []

        def ask() -> None:
            try:
                shown.append(self._ask_other())
            finally:
                done.set()

        threading.Thread(target=ask, name="other window", daemon=True).start()
        return done.wait(within) and shown == [True]

    def _ask_other(self) -> bool:
        try:
            told = json.loads((self._folder / "window.json").read_text("utf-8"))
            with Client(("127.0.0.1", int(told["port"])), authkey=str(told["key"]).encode()) as connection:
                connection.send_bytes(SHOW)
                return connection.recv_bytes(100) == DONE
        except (OSError, EOFError, ValueError, KeyError, TypeError, AuthenticationError):
            return False

    def release(self) -> None:
        """Hear no more later starts and let go of the folder."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            with contextlib.suppress(OSError):
                (self._folder / "window.json").unlink()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

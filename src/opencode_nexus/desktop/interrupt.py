# SPDX-License-Identifier: MIT
"""Being told to end by the system: Ctrl-C, the end of the terminal or of the session, `kill`.

The hub is apart from this process, so that it must be told; left to themselves these signals would leave it running,
and the next window would only join it.
"""

import signal
import socket
import sys
import threading
from collections.abc import Callable

if sys.platform == "win32":
    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raised() -> None:
    """From now on each raises KeyboardInterrupt in the main thread, as Ctrl-C does. `nohup` keeps its meaning."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def told(end: Callable[[], None]) -> None:
    """From now on the first of them calls `end`, in a thread of its own. Call it in the main thread.

    That is in the loop of a window then, where Python's own handlers run late or never: a thread reads the byte that
    the interpreter writes at the signal itself. PyGObject's loop takes these bytes, but runs the handlers.
    """
    read, write = socket.socketpair()
    write.setblocking(False)
    first = threading.Lock()

    def tell() -> None:
        if first.acquire(blocking=False):
            threading.Thread(target=end, name="interrupted", daemon=True).start()

    def listen(kept: socket.socket) -> None:  # the interpreter has no more of it than its number
        while byte := read.recv(1):
            if byte[0] in SIGNALS:
                tell()

    threading.Thread(target=listen, args=(write,), name="interrupt", daemon=True).start()
    signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    for number in SIGNALS:
        # pystray 0.19.5 has set SIGINT to end the process, on GTK
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: tell())

# SPDX-License-Identifier: MIT
"""Hub, window, tray and watch put together."""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from opencode_nexus.desktop import interrupt
from opencode_nexus.desktop.app_mode import find_browser, open_app
from opencode_nexus.desktop.at_login import AtLogin
from opencode_nexus.desktop.errors import AtLoginUnsupported, HubDidNotStart, HubGone, NoWebView
from opencode_nexus.desktop.hub import LocalHub, command
from opencode_nexus.desktop.instance import Instance
from opencode_nexus.desktop.notifications import Notifications
from opencode_nexus.desktop.sign_in_page import SignInPage
from opencode_nexus.desktop.tray import Doings, Tray
from opencode_nexus.desktop.watch import Asked, Status, Watch
from opencode_nexus.desktop.window import Closing, Window, web_view

log = logging.getLogger(__name__)

SAID = {
    "permission": "An agent asks for permission",
    "question": "An agent has a question",
    "alert": "An alert",
    "failed": "An agent failed",
    "budget": "A budget stopped an agent",
    "finished": "An agent has finished",
}


BULK_WITHIN = 600.0  # seconds; a start or stop of all servers answers when the last is done


def aside(do: Callable[..., None], *args: object) -> None:
    """Run it in a thread: entries of the menu are called by the thread that draws, which asks and draws windows."""
    threading.Thread(target=do, args=args, name="tray", daemon=True).start()


class Desktop:
    """The program behind the window, from its start to its end."""

    def __init__(self, home: Path, flags: Sequence[str], environ: Mapping[str, str]) -> None:
        self._folder = home / "desktop"
        self._environ = environ
        self._hub = LocalHub(home, flags)
        self._instance = Instance(self._folder)
        self.at_login = AtLogin([*command(), "desktop", "--home", str(home), *flags], environ, Path.home())
        self._tray = Tray(
            Doings(
                open=lambda: aside(self._front),
                inbox=lambda: aside(self._window.go, "/inbox"),
                start=lambda: aside(self._all_servers, "start"),
                stop=lambda: aside(self._all_servers, "stop"),
                at_login=lambda: self.at_login.on,
                toggle_at_login=lambda: aside(self._toggle_at_login),
                quit=lambda: aside(self._quit),
            )
        )
        self._notifications = Notifications(lambda: aside(self._window.go, "/inbox"), lambda: self._tray.icon)
        self._watch = Watch(
            self._hub, changed=self._changed, asked=self._asked, returned=self._returned, stopped=self._stopped
        )
        self._window: Window
        self._told_of_tray = False
        self._asking = threading.Lock()

    def run(self) -> None:
        """Show the window until it is closed. Raises HubDidNotStart, or HubGone when the hub goes during the start."""
        if not self._instance.take():
            if self._instance.show_other():
                print("OpenCode Nexus is open already; its window is in front now.")
                return
            raise HubGone("Another start of the window is under way, or its window does not answer.")
        interrupt.raised()
        try:
            self._begin()
        except KeyboardInterrupt:  # while it starts; an open window ends as by Quit
            self._hub.stop()
            raise
        finally:
            self._watch.close()
            self._tray.close()
            self._instance.release()

    def _begin(self) -> None:
        started = self._hub.join_or_start()
        print(f"OpenCode Nexus {'is ready' if started else 'runs'} at {self._hub.url}", flush=True)
        first = self._hub.url if self._hub.ask("GET", "/status")["setup_done"] else self._hub.sign_in_link()
        try:
            webview = web_view(lambda: self._hub.url)
        except NoWebView as error:
            self._without(error)
            return
        self._window = Window(webview, self._hub, self._folder, self._closing)
        self._tray.open()
        self._window.run(first, self._opened)
        self._watch.close()  # it would bring back a hub that takes its time to stop
        self._hub.stop()

    def _opened(self) -> None:
        self._instance.listen(self._front)
        self._watch.start()

    def _without(self, error: NoWebView) -> None:
        print(f"{error} {error.hint}", file=sys.stderr)
        link, page = self._hub.sign_in_link(), SignInPage(self._folder)
        try:
            browser = find_browser(folders=self._program_folders())
            opened = open_app(page.write(link), browser, self._folder / "browser")
            print(f"Opened in {opened}." if opened else f"Open {self._hub.url} in a browser.", flush=True)
            if self._hub.ours:
                print("The hub goes on in the background; 'opencode-nexus status' shows it.", flush=True)
            # a browser out of a snap may read no folder whose name begins with a dot; its user takes the link by hand
            with contextlib.suppress(KeyboardInterrupt):  # the hub goes on all the same
                if not (opened and page.wait()) and sys.stdout.isatty():
                    print(f"If you are not signed in there, open this, which is good once: {link}", flush=True)
        finally:
            page.remove()

    def _program_folders(self) -> tuple[Path, ...]:
        names = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        return tuple(Path(self._environ[name]) for name in names if self._environ.get(name))

    def _front(self) -> None:
        self._window.front()

    def _closing(self) -> Closing:
        """Leave the program beside the clock; where it has no place there, closing is quitting."""
        if not self._tray.shown:
            if not self._watch.status.busy:
                return Closing.ENDS
            aside(self._quit)
            return Closing.STAYS
        if not self._told_of_tray:
            self._told_of_tray = True
            self._notifications.show("OpenCode Nexus goes on", "It is beside the clock. Quit it there.")
        return Closing.HIDES

    def _changed(self, status: Status) -> None:
        self._tray.tell(status)

    def _asked(self, row: Asked) -> None:
        self._notifications.show(SAID.get(row.kind, "OpenCode Nexus"), f"{row.title}\n{row.text}".strip())

    def _returned(self) -> None:
        log.warning("the hub was gone and is back")
        self._window.returned()

    def _stopped(self, why: str) -> None:
        if not self._window.ask("OpenCode Nexus does not run", f"{why}\n\nStart it again?"):
            return self._window.end()
        try:
            self._hub.join_or_start()
        except HubDidNotStart as error:
            return self._stopped(str(error))
        self._window.returned()
        self._watch.start()

    def _all_servers(self, doing: str) -> None:
        try:
            outcomes = self._hub.ask("POST", "/servers/bulk", {"action": doing}, within=BULK_WITHIN)["items"]
        except HubGone as error:
            return self._notifications.show("That was not done", str(error))
        for one in outcomes:
            if not one["done"]:
                self._notifications.show(f"{one['name']}: {one['error']}", one["hint"])

    def _toggle_at_login(self) -> None:
        try:
            self.at_login.set(not self.at_login.on)
        except AtLoginUnsupported as error:
            self._notifications.show(error.title, error.detail)

    def _quit(self) -> None:
        busy = self._watch.status.busy
        words = f"{busy} agent{' is' if busy == 1 else 's are'} at work."
        if busy and self._hub.ours:
            words += " They go on without the hub, and nobody sees what they ask, unless your settings stop them."
        if busy and not self._agrees(words):
            return
        self._window.end()

    def _agrees(self, words: str) -> bool:
        if not self._asking.acquire(blocking=False):
            return False  # the question is there already: closing and Quit may each be pressed again
        try:
            return self._window.ask("Quit OpenCode Nexus?", words)
        finally:
            self._asking.release()

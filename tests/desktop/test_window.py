# SPDX-License-Identifier: MIT
"""`opencode-nexus desktop` with a real web view, WebKitGTK, on a screen that nobody sees; the tests go in this order.

What stands in the page is read as a screen reader reads it, from the web view's own accessible tree.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests import leaks
from tests.conftest import ROOT
from tests.desktop.screen import PYTHON, Screen, missing, until
from tests.e2e.road import Road, ok
from tests.fakes.hub import RealHub
from tests.fakes.real import find_opencode

TITLE = "OpenCode Nexus"
WITHIN = 60.0
PICTURES = ROOT / "tests/browser/screenshots"  # where those of the browser tests are; scripts/clean knows it
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: the window is tested with WebKitGTK alone")


class Window(RealHub):
    """A hub that its window starts. `started` is the window's process, `pictures` where the screen is kept."""

    python = str(PYTHON)

    def __init__(self, root: Path, screen: Screen) -> None:
        self.outside, self.downloads = root / "outside.txt", root / "saved"
        self.downloads.mkdir(parents=True)
        browser = root / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >>"{self.outside}"\n')
        browser.chmod(0o755)
        super().__init__(root, find_opencode(), BROWSER=str(browser), **screen.environ)
        config = root / "user" / "config"
        config.mkdir(parents=True)
        (config / "user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="{self.downloads}"\n')
        self.screen = screen
        self.started: subprocess.Popen[bytes] | None = None

    def open(self) -> "subprocess.Popen[bytes]":
        """Start the command."""
        with (self.root / "window.out").open("ab") as out:
            return subprocess.Popen(
                [self.python, "-m", "opencode_nexus", "desktop"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.environment(), cwd=self.root,
            )  # fmt: skip

    def told(self) -> str:
        return (self.root / "window.out").read_text()

    def running(self) -> dict[str, Any]:
        """What the hub left for commands; empty while there is none."""
        try:
            found: dict[str, Any] = json.loads((self.home / "hub.json").read_text())
        except FileNotFoundError:
            return {}
        leaks.remember(found["token"])
        return found

    def client(self) -> httpx2.Client:
        """A client of the API with the token of this boot."""
        now = self.running()
        headers = {"authorization": f"Bearer {now['token']}"}
        return httpx2.Client(base_url=now["url"] + "api/v1", headers=headers, timeout=WITHIN, trust_env=False)

    def road(self, api: httpx2.Client) -> Road:
        (server,) = ok(api.get("/servers"))["items"]
        road = Road(api, server["id"])
        road.until(road.server, lambda found: found["state"] == "running")
        return road

    def tray(self) -> None:
        """Open the menu of the icon beside the clock: it is the only one, at the right of the top edge."""
        self.screen.run("xdotool", "mousemove", "1267", "12", "click", "3")
        self.screen.see("Stop all servers")


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    PICTURES.mkdir(exist_ok=True)
    if gone := missing():
        pytest.skip(f"NOT RUN: no window without {', '.join(gone)}: run scripts/setup test")
    with Screen(tmp_path_factory.mktemp("screen")) as screen:
        yield screen


@pytest.fixture(scope="module")
def window(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A hub that is set up, and its window, which has started it."""
    with Window(tmp_path_factory.mktemp("window"), screen) as window:
        done = window.set_up("--practice")
        assert done.returncode == 0, done.stdout + done.stderr
        window.started = window.open()
        yield window
        if window.started.poll() is None:
            window.started.kill()
            window.started.wait()


def test_it_opens_signed_in(window: Window) -> None:
    window.screen.see(f"Dashboard – {TITLE}")
    window.screen.see("Account: owner")
    assert f"{TITLE} is ready at {window.running()['url']}" in window.told()
    assert window.screen.windows(TITLE)


def test_an_answer_streams_in(window: Window) -> None:
    with window.client() as api:
        road = window.road(api)
        session = road.new_session("Talk in a window")
        window.screen.press("Chat")
        window.screen.see(f"Talk in a window – {TITLE}")
        window.screen.press("Message")
        window.screen.run("xdotool", "type", "hello there")
        window.screen.run("xdotool", "key", "Return")
        road.until_waiting(session)
        window.screen.see("touch practice-note.txt")
        assert road.session(session)["status"] != "idle"  # the rest of the answer is still to come
        window.screen.press("Allow once")
        window.screen.see("is there now")
        road.until_idle(session)
    window.screen.picture(PICTURES / "window-answer.png")


def test_a_killed_hub_comes_back_and_the_page_is_live(window: Window) -> None:
    before = window.running()
    psutil.Process(before["pid"]).kill()
    until(lambda: window.running().get("pid") not in (None, before["pid"]), "another hub")
    assert window.running()["url"] == before["url"]
    with window.client() as api:
        road = window.road(api)
        (session,) = ok(api.get(f"{road.base}/sessions"))["items"]
        road.say(session["id"], "words after the storm")
        window.screen.see("words after the storm")
        road.until_idle(session["id"])
    assert window.started is not None and window.started.poll() is None


def test_a_second_start_brings_the_first_to_the_front(window: Window) -> None:
    (first,) = window.screen.windows(TITLE)
    window.screen.run("xdotool", "windowminimize", first)
    until(lambda: window.screen.active() != int(first, 16), "another window in front")
    second = window.open()
    assert second.wait(WITHIN) == 0
    until(lambda: window.screen.active() == int(first, 16), "the first in front")
    assert window.screen.windows(TITLE) == [first]
    assert "its window is in front now" in window.told()


def test_a_file_is_saved_where_the_user_says(window: Window) -> None:
    window.screen.press("Menu of this chat")
    window.screen.press("Export")
    window.screen.press("Markdown")
    window.screen.press("Save")
    saved = until(lambda: [path for path in window.downloads.glob("*.md") if path.stat().st_size], "the file")
    assert "words after the storm" in saved[0].read_text()
    window.screen.see("Markdown")  # the page has stayed


def test_a_link_to_elsewhere_opens_outside(window: Window) -> None:
    with window.client() as api:
        road = window.road(api)
        session = road.new_session("Links")
        road.say(session, "hello")
        waiting = road.until_waiting(session)
        ok(api.post(f"/inbox/{waiting['id']}/reply", json={"reply": "once"}), 204)
        road.until_idle(session)
        road.say(session, "[away from here](https://elsewhere.example/page)")
        road.until_idle(session)
    window.screen.press("Chat")
    window.screen.see(f"Links – {TITLE}")
    window.screen.press("away from here")
    until(window.outside.exists, "the browser")
    assert window.outside.read_text() == "https://elsewhere.example/page\n"
    window.screen.see("away from here")


def test_a_dropped_file_goes_with_the_message(window: Window) -> None:
    file, screen = window.root / "dropped here.txt", window.screen
    file.write_text("words of a file")

    def drag() -> bool:
        held = screen.start(str(PYTHON), str(ROOT / "tests/desktop/dragged.py"), str(file))
        until(lambda: screen.windows("A file"), "the file to drag")
        # over the field for a while: the web process is asked, and answers later, whether it takes the file
        over = [f"{700 + step % 2 * 5} 690" for step in range(30)]
        for move in ("45 40 mousedown 1", "60 60", "300 400", *over, "700 690 mouseup 1"):
            screen.run("xdotool", "mousemove", *move.split())
        held.wait(WITHIN)  # the drag is over, however it ended
        return any(screen.shows("dropped here.txt was added.") for _ in range(20))

    until(drag, "the file that was dropped")


def test_closing_leaves_it_beside_the_clock(window: Window) -> None:
    (first,) = window.screen.windows(TITLE)
    window.screen.run("wmctrl", "-i", "-c", first)
    until(lambda: not window.screen.windows(TITLE), "no window")
    assert window.started is not None and window.started.poll() is None
    window.tray()
    window.screen.press(f"Open {TITLE}")
    until(lambda: window.screen.windows(TITLE), "the window")


def test_the_menu_stops_the_servers(window: Window) -> None:
    with window.client() as api:
        road = window.road(api)
        window.tray()
        window.screen.picture(PICTURES / "window-menu.png")
        window.screen.press("Stop all servers")
        road.until(road.server, lambda found: found["state"] == "stopped")


def test_quit_ends_window_and_hub(window: Window) -> None:
    assert window.started is not None
    window.tray()
    window.screen.press("Quit")
    assert window.started.wait(WITHIN) == 0, window.told()
    assert not (window.home / "hub.json").exists()
    until(lambda: not window.children(), "the end of all that it started")
    assert not [line for line in window.told().splitlines() if "Traceback" in line], window.told()


def test_a_sign_out_is_kept_and_ctrl_c_stops_the_hub(window: Window) -> None:
    """The second start: the window has a cookie now."""
    window.started = window.open()
    window.screen.see(f"Dashboard – {TITLE}")
    window.screen.press("Account: owner")
    window.screen.press("Sign out")
    window.screen.see(f"Sign in – {TITLE}")
    window.screen.press("Password")
    assert not window.screen.shows(f"Dashboard – {TITLE}")
    window.started.send_signal(signal.SIGINT)
    assert window.started.wait(WITHIN) == 0, window.told()
    assert not (window.home / "hub.json").exists()
    until(lambda: not window.children(), "the end of all that it started")


def test_told_to_end_it_ends_with_its_question_open(window: Window) -> None:
    window.started, screen = window.open(), window.screen
    screen.see(f"Dashboard – {TITLE}")  # signed out before, it signs itself in at its start
    with window.client() as api:
        ok(api.post("/servers/bulk", json={"action": "start"}))
        road = window.road(api)
        session = road.new_session("At work")
        road.say(session, "hello")
        road.until_waiting(session)

    def at_work() -> bool:
        window.tray()
        if not screen.shows("1 at work"):
            screen.run("xdotool", "key", "Escape")
            return False
        screen.press("Quit")
        return True

    until(at_work, "an agent at work")
    screen.see(f"Quit {TITLE}?")
    screen.see("1 agent is at work.")
    window.started.terminate()
    assert window.started.wait(WITHIN) == 0, window.told()
    assert not (window.home / "hub.json").exists()

# SPDX-License-Identifier: MIT
"""What the window does when it is closed or quit, and what the icon beside the clock says."""

import threading
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.desktop.desktop import Desktop
from opencode_nexus.desktop.errors import HubGone
from opencode_nexus.desktop.tray import Doings, Tray
from opencode_nexus.desktop.watch import Asked, Status
from opencode_nexus.desktop.window import Closing
from tests.unit.desktop.eventually import eventually

ENDS, HIDES, STAYS = Closing.ENDS, Closing.HIDES, Closing.STAYS


class Icon:
    """pystray's, as far as it is used; GTK's alone says whether a person can see it."""

    class Place:
        def __init__(self, embedded: bool) -> None:
            self.embedded = embedded

        def is_embedded(self) -> bool:
            return self.embedded

    def __init__(self, embedded: bool | None) -> None:
        if embedded is not None:
            self._status_icon = self.Place(embedded)
        self.title, self.icon, self.updates = "", None, 0

    def update_menu(self) -> None:
        self.updates += 1


class Window:
    """Writes down what it is asked; `answer` is what a person says."""

    def __init__(self, answer: bool) -> None:
        self.answer, self.asked, self.ended = answer, list[str](), False
        self.answers: threading.Event | None = None

    def ask(self, title: str, text: str) -> bool:
        self.asked.append(text)
        if self.answers is not None:
            self.answers.wait()
        return self.answer

    def end(self) -> None:
        self.ended = True


class Hub:
    """`ours`: the window has started it."""

    def __init__(self, ours: bool = True) -> None:
        self.ours = ours
        self.told: list[Any] = []

    def ask(self, method: str, path: str, body: object = None, *, within: float = 0) -> Any:
        self.told.append((method, path, body))
        if not self.ours:
            raise HubGone("It is gone.")
        return {
            "items": [{"name": "A", "done": True}, {"name": "B", "done": False, "error": "Broke.", "hint": "Mend."}]
        }


class Scene:
    def __init__(self, folder: Path, *, answer: bool = True, busy: int = 0, ours: bool = True) -> None:
        self.desktop = Desktop(folder, [], {"XDG_CONFIG_HOME": str(folder)})
        self.window, self.shown = Window(answer), list[tuple[str, str]]()
        self.desktop._window = self.window  # type: ignore[assignment]
        self.hub = Hub(ours)
        self.desktop._hub = self.hub  # type: ignore[assignment]
        self.desktop._watch.status = Status(servers=1, running=1, busy=busy)
        self.desktop._notifications.show = lambda title, text: self.shown.append((title, text))  # type: ignore[method-assign]

    def icon(self, embedded: bool | None) -> None:
        self.desktop._tray._icon = Icon(embedded)


def test_quit_asks_only_when_an_agent_works(tmp_path: Path) -> None:
    idle = Scene(tmp_path, answer=False)
    idle.desktop._quit()
    assert idle.window.ended and not idle.window.asked
    stays = Scene(tmp_path, answer=False, busy=1)
    stays.desktop._quit()
    assert not stays.window.ended and stays.window.asked[0].startswith("1 agent is at work. They go on without the hub")
    goes = Scene(tmp_path, busy=2, ours=False)
    goes.desktop._quit()
    assert goes.window.ended and goes.window.asked == ["2 agents are at work."]  # a hub that is not ours goes on


@pytest.mark.parametrize(("embedded", "does"), [(True, HIDES), (False, ENDS), (None, HIDES)])
def test_closing_leaves_it_running_where_the_icon_is_seen(tmp_path: Path, embedded: bool | None, does: Closing) -> None:
    scene = Scene(tmp_path)
    assert scene.desktop._closing() is ENDS  # no icon at all
    scene.icon(embedded)
    assert scene.desktop._closing() is does and scene.desktop._closing() is does
    assert len(scene.shown) == (does is HIDES)  # told once


def test_closing_without_an_icon_asks_while_an_agent_works(tmp_path: Path) -> None:
    stays = Scene(tmp_path, answer=False, busy=1)
    assert stays.desktop._closing() is STAYS
    eventually(lambda: stays.window.asked)
    assert not stays.window.ended
    goes = Scene(tmp_path, busy=1)
    assert goes.desktop._closing() is STAYS
    eventually(lambda: goes.window.ended)


def test_it_asks_once_at_a_time(tmp_path: Path) -> None:
    scene = Scene(tmp_path, busy=1)
    scene.window.answers = threading.Event()
    for _ in range(3):
        assert scene.desktop._closing() is STAYS
    eventually(lambda: scene.window.asked)
    scene.desktop._quit()
    assert len(scene.window.asked) == 1 and not scene.window.ended
    scene.window.answers.set()
    eventually(lambda: scene.window.ended)


def test_what_was_not_done_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.desktop._all_servers("stop")
    assert scene.hub.told == [("POST", "/servers/bulk", {"action": "stop"})] and scene.shown == [("B: Broke.", "Mend.")]
    gone = Scene(tmp_path, ours=False)
    gone.desktop._all_servers("start")
    assert [title for title, _ in gone.shown] == ["That was not done"]


def test_what_came_into_the_inbox_is_shown(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.desktop._asked(Asked("1", "permission", "Work", "rm -rf"))
    assert scene.shown == [("An agent asks for permission", "Work\nrm -rf")]


def test_the_menu_sets_whether_it_opens_at_login(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.desktop._toggle_at_login()
    assert scene.desktop.at_login.on and "desktop" in scene.desktop.at_login.file.read_text()
    scene.desktop._toggle_at_login()
    assert not scene.desktop.at_login.on
    scene.desktop.at_login.file.parent.rmdir()
    scene.desktop.at_login.file.parent.write_text("a file in the way")
    scene.desktop._toggle_at_login()
    assert scene.shown[0][0] == "The window could not be set to open at login."


def test_the_icon_says_how_the_hub_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.desktop.tray._image", lambda waiting: f"dot for {waiting}")
    nothing = lambda: None  # noqa: E731
    tray = Tray(Doings(nothing, nothing, nothing, nothing, lambda: False, nothing, nothing))
    icon = Icon(True)
    tray._icon = icon
    tray.tell(Status(servers=2, running=1))
    assert icon.title == "OpenCode Nexus: 1 of 2 servers running" and icon.icon is None
    tray.tell(Status(servers=2, running=1, busy=1, waiting=1))
    assert icon.title == "OpenCode Nexus: 1 waits for you" and icon.icon == "dot for 1"
    tray.tell(Status(servers=1, running=1, busy=1))
    assert icon.title == "OpenCode Nexus: 1 of 1 server running, 1 at work" and icon.updates == 3

# SPDX-License-Identifier: MIT
"""How often the window signs itself in, and what closing it does."""

from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.desktop.window import Closing, Window
from tests.unit.desktop.eventually import eventually

HUB = "http://127.0.0.1:4600/nexus/"


class View:
    """pywebview's window: `at` is its address, `ours` whether a page of the hub is in it."""

    def __init__(self) -> None:
        self.at, self.ours = "", True
        self.loaded, self.ran, self.hidden = list[str](), list[str](), False

    def hide(self) -> None:
        self.hidden = True

    def destroy(self) -> None: ...

    def get_current_url(self) -> str:
        return self.at

    def load_url(self, address: str) -> None:
        self.loaded.append(address)

    def run_js(self, script: str) -> bool:
        self.ran.append(script)
        return self.ours


class Hub:
    url = HUB

    def sign_in_link(self) -> str:
        return f"{HUB}pair#secret"


class Shown:
    def __init__(self, folder: Path) -> None:
        hub: Any = Hub()
        self.does = Closing.ENDS
        self.window = Window(None, hub, folder, lambda: self.does)
        self.view = View()
        self.window._window = self.view

    def load(self, path: str, ours: bool = True) -> list[str]:
        """A page has loaded; the addresses that the window went to by itself until now."""
        self.view.at, self.view.ours = HUB + path, ours
        self.window._loaded()
        return self.view.loaded


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_it_signs_itself_in_once(shown: Shown) -> None:
    assert shown.load("login") == [f"{HUB}pair#secret"]
    shown.load("pair")
    shown.load("")
    assert len(shown.load("login")) == 1


def test_who_signs_out_with_a_kept_cookie_stays_out(shown: Shown) -> None:
    shown.load("chat")
    assert not shown.load("login")


def test_a_page_of_the_web_view_spends_nothing(shown: Shown) -> None:
    shown.load("", ours=False)  # its own "cannot connect", at the hub's address
    assert shown.load("login")


def test_closing_ends_hides_or_leaves_it(shown: Shown) -> None:
    assert shown.window._asked_to_close()
    shown.does = Closing.STAYS
    assert not shown.window._asked_to_close() and not shown.view.hidden
    shown.does = Closing.HIDES
    assert not shown.window._asked_to_close()
    eventually(lambda: shown.view.hidden)
    shown.window.end()
    assert shown.window._asked_to_close()  # nothing is asked any more

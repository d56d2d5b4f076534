# SPDX-License-Identifier: MIT
"""Whether a person can see the icon beside the clock, with an indicator in place of GTK's own icon."""

import pytest

from opencode_nexus.desktop.tray import Doings, Tray


class Indicator:
    """libayatana-appindicator's: `connected` is whether some program shows indicators."""

    def __init__(self, connected: bool) -> None:
        self.connected = connected

    def get_property(self, name: str) -> bool:
        assert name == "connected"
        return self.connected


class Icon:
    def __init__(self, connected: bool) -> None:
        self._appindicator = Indicator(connected)


def tray(connected: bool) -> Tray:
    nothing = lambda: None  # noqa: E731
    tray = Tray(Doings(nothing, nothing, nothing, nothing, lambda: False, nothing, nothing))
    tray._icon = Icon(connected)
    return tray


@pytest.mark.parametrize(("connected", "x", "seen"), [(True, False, True), (False, True, True), (False, False, False)])
def test_an_indicator_is_seen_where_somebody_shows_it(
    monkeypatch: pytest.MonkeyPatch, connected: bool, x: bool, seen: bool
) -> None:
    monkeypatch.setattr("opencode_nexus.desktop.tray._place_of_x", lambda: x)
    assert tray(connected).shown is seen


def test_without_x_there_is_no_place_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert not tray(connected=False).shown

# SPDX-License-Identifier: MIT
from dataclasses import fields
from pathlib import Path

import pytest

from opencode_nexus.core.settings import SETTINGS, Settings, SettingsError

HOME = Path("/srv/nexus")


def load(flags: dict[str, object] | None = None, env: dict[str, str] | None = None, **stored: object) -> Settings:
    return Settings.load(flags or {}, env or {}, stored, HOME)


def test_flag_wins_over_environment_and_that_over_the_page() -> None:
    env = {"OPENCODE_NEXUS_ON_STOP": "keep"}
    assert load(on_stop="stop").on_stop == "stop"
    assert load({}, env, on_stop="stop").on_stop == "keep"
    assert load({"on_stop": "stop-idle"}, env, on_stop="stop").on_stop == "stop-idle"


def test_the_page_cannot_change_what_is_not_editable() -> None:
    assert load(port=9).port == 4600


@pytest.mark.parametrize(
    ("env", "culprit"),
    [
        ({"OPENCODE_NEXUS_PORT": "70000"}, "OPENCODE_NEXUS_PORT: must be from 0 to 65535"),
        ({"OPENCODE_NEXUS_PORT": "many"}, "OPENCODE_NEXUS_PORT"),
        ({"OPENCODE_NEXUS_BASE_PATH": "nexus"}, "OPENCODE_NEXUS_BASE_PATH"),
        ({"OPENCODE_NEXUS_BASE_PATH": "/a/../b"}, "OPENCODE_NEXUS_BASE_PATH"),
        ({"OPENCODE_NEXUS_BASE_PATH": "/a//b"}, "OPENCODE_NEXUS_BASE_PATH"),
        ({"OPENCODE_NEXUS_BASE_PATH": "/a;Domain=x"}, "OPENCODE_NEXUS_BASE_PATH"),
        ({"OPENCODE_NEXUS_ON_STOP": "explode"}, "OPENCODE_NEXUS_ON_STOP"),
        ({"OPENCODE_NEXUS_OPEN": "perhaps"}, "OPENCODE_NEXUS_OPEN: must be yes or no"),
        ({"OPENCODE_NEXUS_CLOUDFLARED_ARGUMENTS": "--a 'b"}, "OPENCODE_NEXUS_CLOUDFLARED_ARGUMENTS"),
        ({"OPENCODE_NEXUS_TUNNEL_FRONT": "nowhere"}, "OPENCODE_NEXUS_TUNNEL_FRONT"),
        ({"OPENCODE_NEXUS_TRUSTED_PROXIES": "10.0.0.0/8, my-proxy"}, "OPENCODE_NEXUS_TRUSTED_PROXIES"),
    ],
)
def test_a_bad_value_names_its_source(env: dict[str, str], culprit: str) -> None:
    with pytest.raises(SettingsError, match=culprit):
        load({}, env)


def test_lists_and_paths_are_tidied() -> None:
    settings = load({"allowed_hosts": " a.example , ,b.example", "base_path": "/x/", "home": "~/n"})
    assert settings.allowed_hosts == ("a.example", "b.example")
    assert settings.base_path == "/x"
    assert settings.home == Path.home() / "n"
    assert load({"home": "~nobody-of-that-name/n"}).home == Path.cwd() / "~nobody-of-that-name" / "n"
    assert load({"base_path": "/a.b/c-d"}).base_path == "/a.b/c-d"
    assert load({}, {"OPENCODE_NEXUS_OPEN": "0"}).open is False


def test_the_table_and_the_model_name_the_same_settings() -> None:
    assert {s.name for s in SETTINGS} == {field.name for field in fields(Settings)}
    for setting in SETTINGS:
        if setting.name != "home":
            assert getattr(load(), setting.name) in (setting.default, ()), setting.name

# SPDX-License-Identifier: MIT
import json
import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from opencode_nexus.fleet.environment import MARK, PASSWORD, child_environment, provide_ripgrep, user_config


def child(environ: dict[str, str]) -> dict[str, str]:
    return child_environment(
        environ, config_home=Path("/nexus/config"), tools=Path("/nexus/bin"), password="pw", mark="h:s:1"
    )


def test_the_users_environment_is_passed_on_and_made_quiet() -> None:
    made = child({"PATH": "/usr/bin", "HOME": "/home/u", "LANG": "C", "XDG_DATA_HOME": "/data"})
    assert made["LANG"] == "C"
    assert made["XDG_DATA_HOME"] == "/data"
    assert made["PATH"] == os.pathsep.join(["/usr/bin", "/nexus/bin"])
    assert made["XDG_CONFIG_HOME"] == "/nexus/config"
    assert (made[PASSWORD], made[MARK]) == ("pw", "h:s:1")
    for name in ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "SHARE"):
        assert made[f"OPENCODE_DISABLE_{name}"] == "1"


def test_what_the_user_set_wins_over_the_quiet_values() -> None:
    made = child(
        {
            "OPENCODE_DISABLE_MODELS_FETCH": "0",
            "OPENCODE_CONFIG": "/my.json",
            "OPENCODE_CONFIG_CONTENT": "{}",
            "NPM_CONFIG_FETCH_TIMEOUT": "5",
        }
    )
    assert made["OPENCODE_DISABLE_MODELS_FETCH"] == "0"
    assert made["OPENCODE_CONFIG"] == "/my.json"
    assert made["OPENCODE_CONFIG_CONTENT"] == "{}"
    assert made["NPM_CONFIG_FETCH_TIMEOUT"] == "5"
    assert "npm_config_fetch_timeout" not in made
    assert made["PATH"].startswith(os.defpath)


def test_what_is_ours_never_comes_from_outside() -> None:
    made = child(
        {
            PASSWORD: "theirs",
            "OPENCODE_SERVER_USERNAME": "me",
            "OPENCODE_PURE": "1",
            "OPENCODE": "1",
            "OPENCODE_PID": "5",
            "OPENCODE_NEXUS_HOME": "/x",
            MARK: "another:server:1",
        }
    )
    assert made[PASSWORD] == "pw"
    assert made[MARK] == "h:s:1"
    assert not {"OPENCODE_SERVER_USERNAME", "OPENCODE_PURE", "OPENCODE", "OPENCODE_PID", "OPENCODE_NEXUS_HOME"} & set(
        made
    )


@pytest.mark.parametrize(("before", "kept"), [({}, None), ({"XDG_CONFIG_HOME": "/my"}, "/my")])
def test_the_shield_is_told_what_to_put_back(before: dict[str, str], kept: str | None) -> None:
    told = json.loads(child(before)["OPENCODE_NEXUS_RESTORE"])
    assert told["XDG_CONFIG_HOME"] == kept
    assert told["npm_config_fetch_timeout"] is None


def test_the_users_own_configuration_is_found() -> None:
    assert user_config({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == Path("/x/opencode")
    assert user_config({"XDG_CONFIG_HOME": "", "HOME": "/h"}) == Path("/h/.config/opencode")
    assert user_config({}) == Path.home() / ".config/opencode"


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_ripgrep_of_the_user_comes_first(tmp_path: Path) -> None:
    theirs = program(tmp_path / "usr" / "rg")
    assert provide_ripgrep({"PATH": str(theirs.parent)}, tmp_path / "bin") == theirs
    assert not (tmp_path / "bin").exists()


def test_ours_is_linked_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = program(tmp_path / "venv" / "bin" / "rg")
    program(tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    tools, environ = tmp_path / "bin", {"PATH": str(tmp_path / "empty")}
    for _ in range(2):
        assert provide_ripgrep(environ, tools) == tools / "rg"
        assert [entry.name for entry in tools.iterdir()] == ["rg"]
        assert (tools / "rg").readlink() == ours
    (tools / "rg").unlink()
    (tools / "rg").symlink_to(tmp_path / "gone" / "rg")  # of a virtual environment that was replaced
    assert provide_ripgrep(environ, tools) == tools / "rg"
    assert (tools / "rg").readlink() == ours


class Installed:
    """A distribution whose one program lies at `path`."""

    def __init__(self, path: Path) -> None:
        self.name, self._path = path.name, path
        self.files = [self]

    def locate(self) -> Path:
        return self._path


def test_it_is_found_where_pip_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = program(tmp_path / "local" / "bin" / "rg")
    (tmp_path / "local" / "lib").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "usr" / "python"))
    listed = Installed(tmp_path / "local" / "lib" / ".." / "bin" / "rg")
    monkeypatch.setattr("opencode_nexus.fleet.environment.distribution", lambda name: listed)
    assert provide_ripgrep({"PATH": str(tmp_path)}, tmp_path / "bin") == tmp_path / "bin" / "rg"
    assert (tmp_path / "bin" / "rg").readlink() == ours


def test_there_may_be_no_ripgrep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr("opencode_nexus.fleet.environment.distribution", nowhere)
    assert provide_ripgrep({"PATH": str(tmp_path)}, tmp_path / "bin") is None

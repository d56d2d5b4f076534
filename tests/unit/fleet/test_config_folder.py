# SPDX-License-Identifier: MIT
import json
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.fleet.config_folder import SHIELD, merge, prepare, read, strip_comments, write


@pytest.fixture
def user(tmp_path: Path) -> Path:
    folder = tmp_path / "user" / "opencode"
    for name in ("agent/mine.md", "plugin/own.js", "plugins/other.ts", "node_modules/x/index.js"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "package.json").write_text('{"dependencies": {"x": "1"}}')
    (folder / ".gitignore").write_text("node_modules")
    (folder / "AGENTS.md").write_text("be kind")
    (folder / "opencode.json").write_text('{"model": "a/b"}')
    (folder / "config.json").write_text('{"theme": "mine", /* why not */ "provider": {"p": {"name": "P"}},}')
    return folder


def tree(folder: Path) -> dict[str, str]:
    """Every entry below `folder`, by name: "link", "dir" or the file's content."""
    return {
        str(path.relative_to(folder)): "link" if path.is_symlink() else "dir" if path.is_dir() else path.read_text()
        for path in folder.rglob("*")
        if not any(parent.is_symlink() for parent in path.relative_to(folder).parents)
    }


def test_a_folder_that_installs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "opencode"
    prepare(folder, tmp_path / "none", {"provider": {"practice": {}}})
    made = tree(folder)
    assert set(made) == {
        "config.json", "opencode.json", "package.json", "package-lock.json", "node_modules", "plugin",
        f"plugin/{SHIELD}",
    }  # fmt: skip
    assert list((folder / "node_modules").iterdir()) == []
    assert json.loads(made["config.json"]) == {"provider": {"practice": {}}}
    wanted = json.loads(made["package.json"])
    assert list(wanted["dependencies"]) == ["@opencode-ai/plugin"]
    assert json.loads(made["package-lock.json"])["packages"][""] == wanted
    assert "shell.env" in made[f"plugin/{SHIELD}"]
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0


def test_the_users_own_entries_are_linked_and_ours_lie_under_them(tmp_path: Path, user: Path) -> None:
    folder = tmp_path / "config" / "opencode"
    before = tree(user)
    prepare(folder, user, {"provider": {"practice": {"name": "Practice"}}})
    made = tree(folder)
    assert {name for name, kind in made.items() if kind == "link"} == {
        "agent", "plugins", "AGENTS.md", "opencode.json", "plugin/own.js",
    }  # fmt: skip
    assert (folder / "agent" / "mine.md").read_text() == "agent/mine.md"
    assert (folder / "plugin" / "own.js").resolve() == user / "plugin" / "own.js"
    assert list((folder / "node_modules").iterdir()) == []
    assert json.loads(made["config.json"]) == {
        "theme": "mine",
        "provider": {"p": {"name": "P"}, "practice": {"name": "Practice"}},
    }
    assert tree(user) == before


def test_it_follows_what_the_user_changes(tmp_path: Path, user: Path) -> None:
    folder = tmp_path / "config" / "opencode"
    prepare(folder, user, {"theme": "ours"})
    (user / "AGENTS.md").unlink()
    (user / "plugin" / "own.js").rename(user / "plugin" / "renamed.js")
    (user / "command").mkdir()
    (folder / ".gitignore").write_text("by OpenCode")
    inode = (folder / "package.json").stat().st_ino
    prepare(folder, user, {})
    made = tree(folder)
    assert {name for name, kind in made.items() if kind == "link"} == {
        "agent", "plugins", "command", "opencode.json", "plugin/renamed.js",
    }  # fmt: skip
    assert json.loads(made["config.json"])["theme"] == "mine"
    assert made[".gitignore"] == "by OpenCode"
    assert (folder / "package.json").stat().st_ino == inode  # not written again without need


def test_a_link_to_another_user_folder_is_changed(tmp_path: Path, user: Path) -> None:
    folder = tmp_path / "config" / "opencode"
    prepare(folder, user, {})
    moved = user.rename(tmp_path / "moved")
    prepare(folder, moved, {})
    assert (folder / "agent").readlink() == moved / "agent"


def test_what_opencode_keeps_in_our_folder_is_not_lost(tmp_path: Path, user: Path) -> None:
    folder = tmp_path / "config" / "opencode"
    prepare(folder, tmp_path / "none", {"theme": "ours"})
    # OpenCode writes settings into the first of its files that is there (PATCH /global/config, measured on 1.18.33)
    (folder / "opencode.json").write_text('{"$schema": "s", "provider": {"local": {"name": "Mine"}}}')
    prepare(folder, tmp_path / "none", {"theme": "ours"})
    assert read(folder / "opencode.json")["provider"] == {"local": {"name": "Mine"}}
    # then the user begins a file of that name
    prepare(folder, user, {"theme": "ours"})
    assert (folder / "opencode.json").is_symlink()
    assert read(folder / "config.json") == {
        "theme": "ours",
        "provider": {"p": {"name": "P"}, "local": {"name": "Mine"}},
    }
    assert read(user / "opencode.json") == {"model": "a/b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": "x // y", "b": "/* z */"} // end', {"a": "x // y", "b": "/* z */"}),
        ('{\n// one\n"a": [1, 2, ],\n/* two\n lines */ "b": {"c": 1,},\n}', {"a": [1, 2], "b": {"c": 1}}),
        (r'{"a": "q\"//\\", "b": ",]"}', {"a": 'q"//\\', "b": ",]"}),
        ('{"a": []}', {"a": []}),
    ],
)
def test_comments_are_taken_out(text: str, value: Any) -> None:
    assert json.loads(strip_comments(text)) == value


def test_what_cannot_be_read_counts_as_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") == {}
    for text in ("", "[1]", '{"a": ', '{"a": /* open', '{"a": "open', "\x00"):
        (tmp_path / "x.json").write_text(text)
        assert read(tmp_path / "x.json") == {}


def test_merging_goes_into_objects_only() -> None:
    under = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert merge(under, {"a": {"c": [2], "e": {}}, "d": {"x": 1}}) == {
        "a": {"b": 1, "c": [2], "e": {}},
        "d": {"x": 1},
    }
    assert under == {"a": {"b": 1, "c": [1]}, "d": 1}


def test_a_link_is_replaced_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text("{}\n")
    (tmp_path / "ours.json").symlink_to(tmp_path / "theirs.json")
    write(tmp_path / "ours.json", {})
    assert not (tmp_path / "ours.json").is_symlink()
    assert (tmp_path / "theirs.json").read_text() == "{}\n"

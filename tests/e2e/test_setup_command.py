# SPDX-License-Identifier: MIT
"""`opencode-nexus setup` with the real OpenCode: without a hub, beside one, again, and with wrong answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.hub import OWNER, RealHub


@pytest.fixture
def hub(tmp_path: Path, opencode_binary: Path) -> Iterator[RealHub]:
    """A home folder in which nothing was set up yet; no hub runs."""
    with RealHub(tmp_path, opencode_binary) as hub:
        yield hub


def test_without_a_hub_beside_one_and_again(hub: RealHub, opencode_binary: Path) -> None:
    done = hub.set_up("--json", "--practice")
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)
    assert (first["created"], first["started"], first["practice"]) == (True, False, True)
    assert (first["owner"], first["project"]) == (OWNER, str(hub.project))
    assert (first["opencode"], first["version"]) == (str(opencode_binary.resolve()), "1.18.33")
    hub.start()
    titles = ("Operating system", "Memory", "Free disk space", "Network", "Home folder", "Git", "Ripgrep")
    told = hub.set_up().stdout.splitlines()
    assert [line[10:].partition(":")[0] for line in told[:7]] == list(titles)
    assert any(line.startswith("Pass      Home folder: ") for line in told)
    assert "Set-up code" not in (hub.root / "hub.out").read_text()
    done = hub.set_up("--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert [check["key"] for check in again["checks"]] == [check["key"] for check in first["checks"]]
    assert again == {
        **first,
        "created": False,
        "started": True,
        "warnings": first["warnings"],
        "checks": again["checks"],
    }
    servers = json.loads(hub.command("server", "list", "--json").stdout)
    assert [(one["state"], one["projects"]) for one in servers] == [("running", [str(hub.project)])]


def test_wrong_answers_change_nothing(hub: RealHub, tmp_path: Path) -> None:
    good = hub.root / "password"
    good.write_text("Correct-horse-7\n")
    weak = hub.root / "weak"
    weak.write_text("horse\n")
    words = {"owner": OWNER, "password-file": str(good), "project": str(hub.project), "opencode": str(hub.opencode)}
    wrong = [
        ({"project": str(tmp_path / "none")}, "The project folder does not exist."),
        ({"project": str(good)}, "That is not a folder."),
        ({"password-file": str(weak)}, "The password needs an upper-case letter."),
        ({"password-file": str(tmp_path / "none")}, f"There is no file {tmp_path / 'none'}."),
        ({"owner": "x"}, "The user name needs at least 3 characters."),
        ({"opencode": "/bin/ls"}, "This program does not work as OpenCode."),
        ({"opencode": str(tmp_path / "none")}, "OpenCode was not found."),
        ({"home": str(good / "below")}, "The home folder cannot be used."),
    ]
    for change, said in wrong:
        flags = [f"--{name}={value}" for name, value in {**words, **change}.items()]
        done = hub.command("setup", *flags)
        assert (done.returncode, said in done.stderr) == (1, True), (change, done.stderr)
    assert json.loads(hub.command("user", "list", "--json").stdout or "[]") == []
    assert hub.command("setup", "--owner", OWNER).returncode == 2

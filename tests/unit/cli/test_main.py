# SPDX-License-Identifier: MIT
"""The command line as a whole: exit status, words on stderr, and what is imported when."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import NoReturn

import pytest

from opencode_nexus import __version__
from opencode_nexus.cli import commands, main, serve
from opencode_nexus.cli.commands import COMMANDS
from opencode_nexus.cli.plain import plain
from opencode_nexus.core.settings import SETTINGS
from tests.unit.cli.conftest import Run


def test_help_names_every_command(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == __version__ + "\n"


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",),
        ("serve", "--port", "many"),
        ("server", "add"),
        ("server", "logs", "a", "--lines", "0"),
        ("--bogus",),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert "Error: " in err
    assert "Traceback" not in err


def test_serve_takes_every_setting(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("serve", "--help") == 0
    out = "".join(capsys.readouterr().out.split())
    for setting in SETTINGS:
        assert setting.flag in out, setting.flag
        assert setting.env in out


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The flags of each start that was asked for, in place of the start."""
    starts: list[dict[str, object]] = []

    def start(flags: Mapping[str, object]) -> NoReturn:
        starts.append({name: value for name, value in flags.items() if value is not None})
        raise SystemExit(0)

    for module in (main, serve, commands):
        monkeypatch.setattr(module, "start", start)
    return starts


def test_flags_reach_the_hub_by_the_names_of_the_settings(run: Run, given: list[dict[str, object]]) -> None:
    assert run("serve", "--port", "0", "--no-open", "--allowed-hosts", "a,b", "--base-path", "/x") == 0
    assert run() == 0
    assert run("serve", "--cloudflared-arguments", "--loglevel debug") == 0
    assert set(given[0]) <= {setting.name for setting in SETTINGS}
    assert given == [
        {"port": "0", "open": False, "allowed_hosts": "a,b", "base_path": "/x"},
        {},
        {"cloudflared_arguments": "--loglevel debug"},
    ]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("serve",),
        ("serve", "--open"),
        ("serve", "--no-open", "--port", "0"),
        ("serve", "--open", "--no-open", "--host=::1", "--host", "127.0.0.1"),
        ("serve", "--home", "/x", "--base-path=", "--log-level", "debug"),
        ("serve", *(f"{s.flag}=1" for s in SETTINGS if "/" not in s.flag)),
    ],
)
def test_a_plain_start_is_read_as_typer_reads_it(
    run: Run, given: list[dict[str, object]], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*words) == 0
    monkeypatch.setattr(main, "plain", lambda words: None)
    assert run(*words) == 0
    ours, typers = ({name: str(value) for name, value in flags.items()} for flags in given)
    assert ours == typers


@pytest.mark.parametrize(
    "words", [("serve", "--help"), ("serve", "x"), ("serve", "--port"), ("serve", "--port", "x"), ("--version",)]
)
def test_what_is_not_plain_is_left_to_typer(words: tuple[str, ...]) -> None:
    assert plain(words) is None


def test_the_start_loads_what_the_hub_needs_and_no_more() -> None:
    """The start is counted in milliseconds and the hub in megabytes: these have no place in it."""
    code = (
        "import sys; sys.argv = ['opencode-nexus', 'serve', '--port', '70000']\n"
        "from opencode_nexus.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print('opencode_nexus.app' in sys.modules)\n"
        "no = 'typer rich pydantic fastapi cryptography zoneinfo tarfile opencode_nexus.cli.server'.split()\n"
        "print([m for m in no if m in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.split("\n")[:2] == ["True", "[]"]

# SPDX-License-Identifier: MIT
"""The command line as a whole: exit status, words on stderr, and what is imported when."""

import os
import subprocess
import sys

import pytest

from opencode_nexus import __version__
from opencode_nexus.cli import serve
from opencode_nexus.cli.main import COMMANDS
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


def test_flags_reach_the_hub_by_the_names_of_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []
    monkeypatch.setattr(serve, "start", lambda flags: given.append({k: v for k, v in flags.items() if v is not None}))
    assert run("serve", "--port", "0", "--no-open", "--allowed-hosts", "a,b", "--base-path", "/x") == 0
    assert run() == 0
    assert given == [{"port": 0, "open": False, "allowed_hosts": "a,b", "base_path": "/x"}, {}]
    assert set(given[0]) <= {setting.name for setting in SETTINGS}


def test_serve_loads_no_other_command() -> None:
    """The start is counted in milliseconds: rich, the HTTP client and FastAPI have no place in it."""
    code = (
        "import sys; sys.argv = ['opencode-nexus', 'serve', '--port', 'x']\n"
        "from opencode_nexus.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print([m for m in ('rich', 'httpx2', 'fastapi', 'opencode_nexus.cli.server') if m in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == "[]"

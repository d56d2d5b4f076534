# SPDX-License-Identifier: MIT
"""Commands in this process, against a stub of the hub."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opencode_nexus.cli import main as cli_main
from tests.unit.cli.hub_stub import HubStub, hub_stub

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line with these words and give its exit status."""

    def run_words(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["opencode-nexus", *words])
        with pytest.raises(SystemExit) as ended:
            cli_main.main()
        code = ended.value.code
        return code if isinstance(code, int) else int(code is not None)

    return run_words


@pytest.fixture
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the hub, named in the environment."""
    monkeypatch.setenv("OPENCODE_NEXUS_HOME", str(tmp_path / "nexus"))
    return tmp_path / "nexus"


@pytest.fixture
def hub(folder: Path) -> Iterator[HubStub]:
    """A stub of a running hub, found through the home folder."""
    with hub_stub() as stub:
        stub.announce(folder)
        yield stub

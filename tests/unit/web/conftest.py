# SPDX-License-Identifier: MIT
"""The set-up's pages on a hub without servers, and a program that says that it is OpenCode."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from opencode_nexus.setup import checks
from tests.fakes import tiny_program
from tests.unit.web.setup_rig import Rig


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr("opencode_nexus.install.find._SYSTEM_PLACES", ())
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    (tmp_path / "project").mkdir()
    return Rig(tmp_path)


@pytest.fixture
def browser(rig: Rig) -> Iterator[TestClient]:
    with rig.browser() as client:
        yield client


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A program that says that it is OpenCode 1.18.33."""
    if not tiny_program.available():
        return Path(request.getfixturevalue("opencode_binary"))
    path = tmp_path_factory.mktemp("program") / "opencode"
    path.write_bytes(tiny_program.program())
    path.chmod(0o755)
    return path

# SPDX-License-Identifier: MIT
"""A hub's temporary files lie in its home folder, and go with the next hub."""

import tempfile
from pathlib import Path

import pytest

from opencode_nexus.store.home import Home, HomeInUse
from opencode_nexus.store.temporary import take


def test_a_new_hub_removes_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    home = Home(tmp_path / "nexus")
    left = home.path / "tmp/nexus-import-left"
    take(home)
    left.write_bytes(b"x")
    home.release()
    take(home)
    assert list(left.parent.iterdir()) == []
    with tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == left.parent
        with pytest.raises(HomeInUse):  # and it leaves the other's files
            take(Home(home.path))
        assert Path(file.name).exists()
    home.release()

# SPDX-License-Identifier: MIT
"""The file that leads a browser to the link that signs it in."""

import stat
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from opencode_nexus.desktop.sign_in_page import SignInPage

LINK = "http://127.0.0.1:1/pair#se-cret_1"


def test_only_its_user_can_read_it_and_its_address_holds_no_secret(tmp_path: Path) -> None:
    page = SignInPage(tmp_path)
    address = page.write(LINK)
    assert "se-cret_1" not in address
    assert Path(unquote(urlsplit(address).path)).name == page.path.name
    if sys.platform != "win32":
        assert stat.S_IMODE(page.path.stat().st_mode) == 0o600
    assert f'content="0; url={LINK}"' in page.path.read_text()
    page.remove()
    page.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links in the file system need a right there")
def test_what_lies_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    page, other = SignInPage(tmp_path), tmp_path / "other"
    other.write_text("mine")
    other.chmod(0o644)
    page.path.symlink_to(other)
    page.write(LINK)
    assert other.read_text() == "mine" and not page.path.is_symlink()
    page.path.chmod(0o644)
    page.write(LINK)
    assert stat.S_IMODE(page.path.stat().st_mode) == 0o600


def test_it_tells_when_it_was_read(tmp_path: Path) -> None:
    looks: list[float] = []

    def read(seconds: float) -> None:
        looks.append(seconds)
        page.path.read_text()

    page = SignInPage(tmp_path, sleep=read)
    page.write(LINK)
    assert not page.wait(within=-1)
    if not page.wait(within=5):
        pytest.skip("NOT RUN: this disk does not note when a file is read")
    assert len(looks) == 1

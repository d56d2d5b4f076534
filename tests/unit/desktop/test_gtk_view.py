# SPDX-License-Identifier: MIT
"""Which links lead away from the hub, what is saved rather than shown, and what of a drag is a file."""

import os
import sys
from pathlib import Path

import pytest

from opencode_nexus.desktop.gtk_drop import MOST, paths_of, read
from opencode_nexus.desktop.gtk_view import elsewhere, is_attachment, mend


@pytest.mark.parametrize(
    ("address", "away"),
    [
        ("http://127.0.0.1:4600/nexus/chat", False),
        ("http://127.0.0.1:4600/nexus", False),
        ("http://127.0.0.1:4600/nexusother", True),
        ("http://127.0.0.1:4601/nexus/", True),
        ("https://127.0.0.1:4600/nexus/", True),
        ("http://127.0.0.1:4600@elsewhere.example/nexus/", True),
        ("https://elsewhere.example/", True),
        ("mailto:someone@elsewhere.example", True),
        ("file:///etc/passwd", True),
        ("about:blank", False),
        ("blob:http://127.0.0.1:4600/1", False),
    ],
)
def test_what_leads_elsewhere(address: str, away: bool) -> None:
    assert elsewhere(address, "http://127.0.0.1:4600/nexus/") is away


def test_what_is_saved() -> None:
    assert is_attachment('attachment; filename="a.json"') and is_attachment("ATTACHMENT")
    assert not is_attachment("inline; filename=attachment") and not is_attachment("")


def test_other_web_views_are_left_alone() -> None:
    class Other:
        renderer = "qtwebengine"

    mend(Other(), lambda: "", "Title")
    mend(None, lambda: "", "Title")


def test_files_of_this_machine_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "ä b.txt"
    file.write_text("hi")
    dragged = [file.as_uri(), "https://elsewhere.example/x", "file://other/y"]
    assert paths_of(dragged) == [file]
    assert read([file]) == [("ä b.txt", "text/plain", "aGk=")]
    with file.open("r+b") as large:
        large.truncate(MOST + 1)
    with pytest.raises(ValueError, match="20 MB together"):
        read([file])
    with pytest.raises(OSError):
        read([tmp_path / "gone"])


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes there")
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    for odd in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="is no file"):
            read([odd])

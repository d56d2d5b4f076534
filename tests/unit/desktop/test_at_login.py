# SPDX-License-Identifier: MIT
"""What each system finds at login; macOS and Windows by what their documents say."""

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from opencode_nexus.desktop.at_login import AtLogin, content
from opencode_nexus.desktop.errors import AtLoginUnsupported

AWKWARD = ['/opt/a b/py"thon$HOME`x`\\100%', "-m", "opencode_nexus", "desktop"]


def test_linux(tmp_path: Path) -> None:
    at = AtLogin(["/usr/bin/x", "desktop"], {}, tmp_path, "linux")
    assert at.file == tmp_path / ".config/autostart/opencode-nexus.desktop" and not at.on
    at.set(True)
    assert at.on and 'Exec="/usr/bin/x" "desktop"\n' in at.file.read_text()
    at.set(False)
    at.set(False)
    assert not at.on
    assert AtLogin(["x"], {"XDG_CONFIG_HOME": "/c"}, tmp_path, "linux").file == Path(
        "/c/autostart/opencode-nexus.desktop"
    )


@pytest.mark.skipif(shutil.which("gio") is None, reason="gio is not installed")
def test_an_exec_line_means_the_words_that_went_in(tmp_path: Path) -> None:
    """As GLib reads it: the program is a script that writes down its arguments."""
    told, program = tmp_path / "told", tmp_path / 'a b$HOME`"\\'
    program.write_text(
        f'#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done > "{told}.new"; mv "{told}.new" "{told}"\n'
    )
    program.chmod(0o755)
    entry = tmp_path / "x.desktop"
    entry.write_bytes(content("linux", [str(program), *AWKWARD]))
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=30)
    for _ in range(300):
        if told.exists():
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert told.read_text().splitlines() == AWKWARD


def test_macos(tmp_path: Path) -> None:
    at = AtLogin(AWKWARD, {}, tmp_path, "darwin")
    at.set(True)
    assert at.file == tmp_path / "Library/LaunchAgents/opencode-nexus-desktop.plist"
    assert plistlib.loads(at.file.read_bytes()) == {
        "Label": "opencode-nexus-desktop",
        "ProgramArguments": AWKWARD,
        "RunAtLoad": True,
    }


def test_windows(tmp_path: Path) -> None:
    at = AtLogin([r"C:\Users\José\100%\x.exe", "desktop"], {"APPDATA": str(tmp_path)}, tmp_path, "win32")
    at.set(True)
    assert at.file == tmp_path / "Microsoft/Windows/Start Menu/Programs/Startup/opencode-nexus.cmd"
    utf8, begun = b"@chcp 65001 >nul\r\n", '@start "" /b "C:\\Users\\José\\100%%\\x.exe" "desktop"\r\n'.encode()
    assert at.file.read_bytes() == utf8 + begun
    with pytest.raises(AtLoginUnsupported):
        AtLogin(["x"], {}, tmp_path, "win32")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file")
    with pytest.raises(AtLoginUnsupported, match="autostart"):
        AtLogin(["x"], {}, tmp_path, "linux").set(True)

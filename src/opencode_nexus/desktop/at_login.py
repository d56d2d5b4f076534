# SPDX-License-Identifier: MIT
"""Opening the window at login: one file in the place that each system looks at.

Linux: the XDG autostart specification (`~/.config/autostart/*.desktop`). macOS: a launch agent with RunAtLoad
(launchd.plist(5)). Windows: a script in the user's Startup folder; `start ""` keeps no console open.
"""

import plistlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from opencode_nexus.desktop.errors import AtLoginUnsupported

NAME = "opencode-nexus"


def file_of(platform: str, environ: Mapping[str, str], user: Path) -> Path:
    """Return the file that says so on this platform; `user` is the user's own folder. Raises AtLoginUnsupported."""
    if platform == "darwin":
        return user / "Library" / "LaunchAgents" / f"{NAME}-desktop.plist"
    if platform == "win32":
        if not environ.get("APPDATA"):
            raise AtLoginUnsupported("APPDATA is not set.")
        return Path(environ["APPDATA"]) / "Microsoft/Windows/Start Menu/Programs/Startup" / f"{NAME}.cmd"
    return Path(environ.get("XDG_CONFIG_HOME") or user / ".config") / "autostart" / f"{NAME}.desktop"


def content(platform: str, command: Sequence[str]) -> bytes:
    """Return what the file says, to run `command`."""
    if platform == "darwin":
        return plistlib.dumps({"Label": f"{NAME}-desktop", "ProgramArguments": list(command), "RunAtLoad": True})
    if platform == "win32":
        # % would be taken for a variable, and a quoted word holds all other signs but the quote, which no path has
        words = " ".join('"' + word.replace("%", "%%") + '"' for word in command)
        # 65001 is UTF-8: cmd reads a file in the machine's own code page, and a user's name may be outside it
        return f'@chcp 65001 >nul\r\n@start "" /b {words}\r\n'.encode()
    lines = (
        "[Desktop Entry]", "Type=Application", "Name=OpenCode Nexus", f"Exec={' '.join(map(_exec_word, command))}",
        "Terminal=false", "X-GNOME-Autostart-enabled=true", "",
    )  # fmt: skip
    return "\n".join(lines).encode()


def _exec_word(word: str) -> str:
    """Quote a word of an Exec line: the Desktop Entry Specification escapes four signs in quotes, and % by itself."""
    for sign in ("\\", '"', "`", "$"):
        word = word.replace(sign, "\\" + sign)
    # a value is unescaped once as a string of the file, and then once as a command line
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'


class AtLogin:
    """Whether the window opens at login. `command` opens it."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], user: Path, platform: str = sys.platform
    ) -> None:
        self._command, self._platform = tuple(command), platform
        self.file = file_of(platform, environ, user)

    @property
    def on(self) -> bool:
        return self.file.is_file()

    def set(self, on: bool) -> None:
        """Have it opened at login, or no more. Raises AtLoginUnsupported with the system's own words."""
        try:
            if on:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.file.write_bytes(content(self._platform, self._command))
            else:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise AtLoginUnsupported(f"{self.file}: {error.strerror or error}.") from error

# SPDX-License-Identifier: MIT
"""Without a web view: a browser's window without tabs, else the usual browser."""

import shutil
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

ON_PATH = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser",
)  # fmt: skip
ON_MAC = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")
ON_WINDOWS = ("Microsoft/Edge/Application/msedge.exe", "Google/Chrome/Application/chrome.exe")


def _candidates(platform: str, which: Callable[[str], str | None], folders: tuple[Path, ...]) -> Iterator[Path]:
    yield from (Path(found) for name in ON_PATH if (found := which(name)))
    if platform == "darwin":
        yield from (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in ON_MAC)
    elif platform == "win32":
        yield from (folder / name for folder in folders for name in ON_WINDOWS)


def find_browser(
    platform: str = sys.platform, which: Callable[[str], str | None] = shutil.which, folders: tuple[Path, ...] = ()
) -> Path | None:
    """Return a browser that has an app mode; `folders` are Windows' program folders."""
    return next((path for path in _candidates(platform, which, folders) if path.is_file()), None)


def open_app(url: str, browser: Path | None, profile: Path) -> str:
    """Open `url` and return what was opened, in words. The browser keeps its own data in `profile`, and stays open.

    `url` comes into the browser's command line, which every user of the machine can read: nothing in it is secret.
    A profile of its own, so that the window is one of its own and its cookie is nobody else's.
    """
    if browser is None:
        return "your browser" if webbrowser.open(url) else ""
    words = [str(browser), f"--app={url}", f"--user-data-dir={profile}", "--no-first-run", "--no-default-browser-check"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=sys.platform != "win32"
    )
    threading.Thread(target=process.wait, name="browser", daemon=True).start()  # it may outlive us, or leave a zombie
    return f"{browser.stem} in app mode"

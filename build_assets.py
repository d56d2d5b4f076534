# SPDX-License-Identifier: MIT
"""Copies third-party browser scripts from npm packages into the package, as a Hatch build hook.

They are not in the repository: package.json names exact versions, package-lock.json their digests, and npm
checks the one against the other. A wheel or sdist carries the copies, so an installed Nexus needs no Node.
`python build_assets.py` does the same for a clone. A clone runs without them as well, so that one without npm only
says what is missing; nothing is built without them.

A wheel carries docs too, for the Help in the app; a clone has it beside the package.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "src/opencode_nexus/web/static/vendor"
LOCKED = ("package.json", "package-lock.json", ".npmrc")
# File inside node_modules → its name under vendor/.
FILES = {
    "idiomorph/dist/idiomorph.min.js": "idiomorph.min.js",
    "idiomorph/LICENSE": "idiomorph.LICENSE.txt",
}
NO_NPM = (
    "A build needs npm once, to bring the browser scripts that package-lock.json names: "
    "install Node.js 20 or newer, then run this again."
)
WITHOUT = (
    "setup: NO NPM: everything works, but a panel that changes while you type in it loses the cursor. "
    "Install Node.js 20 or newer and start again to have the script that keeps it."
)


def stamp() -> str:
    """The digest of everything that decides what vendor/ holds."""
    parts = [(ROOT / "package-lock.json").read_bytes(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def vendored() -> bool:
    """True when vendor/ already holds what the lock names, as it does in an unpacked sdist."""
    kept = VENDOR / "stamp"
    whole = all((VENDOR / name).is_file() for name in FILES.values())
    return whole and kept.is_file() and kept.read_text() == stamp()


def vendor() -> None:
    """Fills vendor/ through `npm ci` in a folder of its own; does nothing when it is up to date.

    Raises SystemExit with one sentence when npm is missing or fails.
    """
    if vendored():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(NO_NPM)
    with tempfile.TemporaryDirectory(prefix="nexus-assets-") as folder:
        for name in LOCKED:
            if (ROOT / name).is_file():
                shutil.copy(ROOT / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"npm could not bring the browser scripts:\n{done.stderr.strip()}")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, name in FILES.items():
            shutil.copyfile(Path(folder, "node_modules", source), VENDOR / name)
    # Last and in one step, so that a copy cut short is never taken for a whole one.
    fresh = VENDOR / "stamp.new"
    fresh.write_text(stamp())
    os.replace(fresh, VENDOR / "stamp")


class AssetsHook(BuildHookInterface[Any]):
    """Called by Hatch before a wheel, sdist or editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # setup.py brings them next, or says that it cannot
            return
        vendor()
        if self.target_name == "wheel":
            build_data["force_include"][str(ROOT / "docs")] = "opencode_nexus/docs"


if __name__ == "__main__":
    if shutil.which("npm") is None and not vendored():
        print(WITHOUT, file=sys.stderr)
    else:
        vendor()

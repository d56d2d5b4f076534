# SPDX-License-Identifier: MIT
"""An npm that knows one OpenCode and takes its time to bring it: `view` tells of it, `install` copies a program."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

VERSION, INTEGRITY = "1.18.33", "sha512-tiny"
PIECES, PAUSE = 8, 0.1  # so many pauses of so many seconds while it copies: time to be interrupted in


def install(folder: Path, program: Path) -> Path:
    """Write `npm`, which brings `program`, into `folder`; returns the folder, for a PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\nTINY_NPM={program} exec {sys.executable} {__file__} "$@"\n')
    npm.chmod(0o755)
    return folder


def main() -> None:
    spec = next(word for word in sys.argv if word.startswith("opencode-"))
    package = spec.rpartition("@")[0]
    if sys.argv[1] == "view":
        print(json.dumps({"version": VERSION, "dist.integrity": INTEGRITY, "dist.tarball": ""}))
        return
    modules = Path("node_modules")
    program = modules / package / "bin" / "opencode"
    program.parent.mkdir(parents=True)
    source = Path(os.environ["TINY_NPM"])
    size = source.stat().st_size
    with source.open("rb") as read, program.open("wb") as written:
        for _ in range(PIECES):
            written.write(read.read(size // PIECES))
            written.flush()
            time.sleep(PAUSE)
        shutil.copyfileobj(read, written)
    program.chmod(0o755)
    lock = {"packages": {f"node_modules/{package}": {"version": VERSION, "integrity": INTEGRITY}}}
    (modules / ".package-lock.json").write_text(json.dumps(lock))


if __name__ == "__main__":
    main()

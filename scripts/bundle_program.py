# SPDX-License-Identifier: MIT
"""The program of the bundle: `opencode-nexus` without a Python of the system.

It takes `-m opencode_nexus…` as Python does: wherever the hub starts itself again it says `sys.executable -m …`, which
is this program here.
"""

import os
import runpy
import sys


def clear(environ: "os._Environ[str]") -> None:
    """Take away what PyInstaller's start put there for itself: it is not for the programs that the hub starts."""
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"):
        before = environ.pop(f"{name}_ORIG", None)
        if before is not None:
            environ[name] = before
        elif environ.get(name, "").startswith(getattr(sys, "_MEIPASS", "\0")):
            del environ[name]
    for name in [name for name in environ if name.startswith("_PYI_")]:
        del environ[name]


def main() -> None:
    clear(os.environ)
    words = sys.argv[1:]
    while words[:1] in (["-P"], ["-I"], ["-B"]):
        words = words[1:]
    if len(words) > 1 and words[0] == "-m" and words[1].partition(".")[0] == "opencode_nexus":
        sys.argv[1:] = words[2:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        from opencode_nexus.cli.main import main as command

        command()


if __name__ == "__main__":
    main()

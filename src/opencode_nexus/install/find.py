# SPDX-License-Identifier: MIT
"""Where OpenCode may be on this machine, and which file behind a launcher is the program itself."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from opencode_nexus.install.platforms import PROGRAM

# ELF, Mach-O (both byte orders, 32 and 64 bit, and fat), PE
_MAGIC = (
    b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"MZ",
)  # fmt: skip
_LAUNCHER_READ = 65_536  # bytes of a launcher that are searched for the path it starts
_DEPTH = 5  # launchers that start launchers
_QUOTED = re.compile(r"""["'=\s(]((?:/|[A-Za-z]:[\\/])[^"'\s;|&()<>]*opencode[^"'\s;|&()<>/\\]*)""")

_HOME_PLACES = (
    ".opencode/bin", ".local/bin", "bin", ".bun/bin", ".npm-global/bin", ".npm/bin", ".volta/bin",
    ".yarn/bin", ".deno/bin", ".local/share/pnpm", "Library/pnpm", ".nix-profile/bin", ".asdf/shims",
    ".local/share/mise/shims", "scoop/shims", "scoop/apps/opencode/current",
)  # fmt: skip
_SYSTEM_PLACES = (
    "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/snap/bin",
    "/run/current-system/sw/bin",
)  # fmt: skip
_VARIABLES = (  # environment names whose value is a folder, and where in it programs are
    ("PNPM_HOME", "."), ("BUN_INSTALL", "bin"), ("VOLTA_HOME", "bin"), ("APPDATA", "npm"),
    ("LOCALAPPDATA", "Programs/opencode"), ("ProgramData", "chocolatey/bin"),
)  # fmt: skip
_NODE_VERSIONS = (
    ".nvm/versions/node/*/bin", ".local/share/fnm/node-versions/*/installation/bin",
    ".fnm/node-versions/*/installation/bin",
)  # fmt: skip


def is_program(path: Path) -> bool:
    """True for an executable of the platform: judged by its first bytes, so that no script passes."""
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_MAGIC) and os.access(path, os.X_OK)
    except OSError:
        return False


def stamp(path: Path) -> list[int | str]:
    """Return what changes when the file at `path` does; empty when there is none."""
    try:
        seen = path.stat()
    except OSError:
        return []
    return [str(path), seen.st_size, seen.st_mtime_ns, seen.st_ino]


def _is_opencode_name(path: Path) -> bool:
    return "opencode" in path.name.lower() or any(part.startswith("opencode-") for part in path.parts[-3:])


def _text(launcher: Path) -> bytes:
    try:
        with launcher.open("rb") as file:
            return file.read(_LAUNCHER_READ)
    except OSError:
        return b""


def _beside(launcher: Path) -> Iterator[Path]:
    """Yield where npm, pnpm, yarn and bun put the program of a launcher, best first."""
    # only OpenCode's own launchers: any other script below a folder with node_modules is not OpenCode
    if "opencode-ai" not in launcher.parts and b"opencode-ai" not in _text(launcher):
        return
    # an older postinstall kept the program as a hidden file beside the launcher
    yield launcher.parent / f".{PROGRAM}"
    for folder in launcher.parents:
        for modules in (folder / "node_modules", folder if folder.name == "node_modules" else None):
            if modules is None or not modules.is_dir():
                continue
            for package in sorted(modules.glob("opencode-*")):
                if package.name != "opencode-ai":
                    yield package / "bin" / PROGRAM
            inner = modules / "opencode-ai"
            yield inner / "bin" / "opencode.exe"
            for package in sorted((inner / "node_modules").glob("opencode-*")):
                yield package / "bin" / PROGRAM


def _named_in(launcher: Path) -> Iterator[Path]:
    """Yield the absolute paths with opencode in their name in a script (nix and hand-made wrappers)."""
    for match in _QUOTED.finditer(_text(launcher).decode(errors="replace")):
        yield Path(match[1])


def resolve(path: Path) -> Path | None:
    """Return the program behind `path`: itself, the end of its symlinks, or what a launcher script starts.

    None when no program is found there. Only reads files; runs nothing.
    """
    seen: set[Path] = set()
    todo = [path]
    for _ in range(_DEPTH):
        following: list[Path] = []
        for place in todo:
            try:
                real = place.resolve(strict=True)
            except (OSError, RuntimeError, ValueError):  # gone, not ours to read, a circle of links, no path at all
                continue
            if real in seen or not real.is_file():
                continue
            seen.add(real)
            if is_program(real):
                if _is_opencode_name(real) or place == path:
                    return real
                continue
            following += [*_beside(real), *_named_in(real)]
            if place.parent != real.parent:
                following += _beside(place)
        todo = following
    return None


def places(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders to look in, without repeats: PATH first, then the usual places."""
    folders = [Path(part) for part in environ.get("PATH", "").split(os.pathsep) if part]
    if own := environ.get("OPENCODE_INSTALL_DIR"):
        folders.append(Path(own))
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if home:
        folders += [Path(home, place) for place in _HOME_PLACES]
        for pattern in _NODE_VERSIONS:
            folders += sorted(Path(home).glob(pattern), reverse=True)
    for name, inner in _VARIABLES:
        if value := environ.get(name):
            folders.append(Path(value, inner))
    if sys.platform != "win32":
        folders += [Path(place) for place in _SYSTEM_PLACES]
    # an entry such as "." would run what lies in the present folder, so only absolute ones count
    return list(dict.fromkeys(folder for folder in folders if folder.is_absolute()))


def candidates(environ: Mapping[str, str]) -> list[Path]:
    """Return the paths named like OpenCode in the usual places, one for each program behind them, best first.

    A launcher whose program is not found is in the list too, so that the check can say what is wrong with it.
    """
    names = ["opencode.exe", "opencode.cmd", "opencode"] if sys.platform == "win32" else ["opencode"]
    found: dict[Path, Path] = {}
    for folder in places(environ):
        for name in names:
            path = folder / name
            try:
                if path.is_file():
                    found.setdefault(resolve(path) or path.resolve(), path)
            except OSError:
                continue
    return list(found.values())

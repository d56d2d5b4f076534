# SPDX-License-Identifier: MIT
"""The bundle: the wheel, its packages and Python in one folder, made by PyInstaller; and its archive.

What is in the wheel is in the bundle, so nothing is listed twice: each module by name, as commands are imported when
they are used, and each other file as it is.
"""

import gzip
import os
import platform
import shutil
import sys
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from scripts.app_icon import icns, ico
from scripts.artefacts import files_of
from scripts.notices import notices, strangers

NAME = "opencode-nexus"
PACKAGE = "opencode_nexus"
INSIDE = "_internal"  # PyInstaller's own name for what lies beside the program
SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
# What PyInstaller would take along from Python and nothing here uses. Tcl/Tk is 10 MB, readline under the GPL.
UNUSED = ("tkinter", "_tkinter", "idlelib", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "readline")
WINDOWS_VERSION = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}),
  kids=[
    StringFileInfo([StringTable('040904B0', [
      StringStruct('FileDescription', 'OpenCode Nexus'), StringStruct('ProductName', 'OpenCode Nexus'),
      StringStruct('FileVersion', '{version}'), StringStruct('ProductVersion', '{version}'),
      StringStruct('LegalCopyright', 'MIT licence'),
    ])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])]),
  ],
)
"""


def make_bundle(root: Path, wheel: Path, version: str, draft: Path, work: Path) -> list[Path]:
    """Make the folder and its archive below `draft`, working in `work`; returns both."""
    app = work / "app"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(app)
    name = f"{NAME}-{version}-{SYSTEMS.get(sys.platform, sys.platform)}-{platform.machine().lower()}"
    made = run_pyinstaller(root, app, version, work)
    folder = made.rename(draft / name)
    complete(root, app, folder, version)
    return [folder, archived(folder)]


def run_pyinstaller(root: Path, app: Path, version: str, work: Path) -> Path:
    """Let PyInstaller make the folder of the program; returns it."""
    # by their full names, before PyInstaller is imported: it takes both then
    os.environ["PYINSTALLER_CONFIG_DIR"] = str(work / "pyinstaller")
    os.environ["PYTHONHASHSEED"] = "1"
    # for the processes in which it looks at packages, too: ours is the one of the wheel, not of this clone
    os.environ["PYTHONPATH"], os.environ["PYTHONDONTWRITEBYTECODE"] = str(app), "1"
    sys.path.insert(0, str(app))
    from PyInstaller.__main__ import run

    words = [
        str(root / "scripts/bundle_program.py"), "--name", NAME, "--onedir", "--console", "--noupx", "--noconfirm",
        "--log-level", "ERROR", "--paths", str(app), "--contents-directory", INSIDE,
        "--distpath", str(work / "made"), "--workpath", str(work / "pyinstaller"), "--specpath", str(work),
    ]  # fmt: skip
    for module in (*UNUSED, *strangers()):
        words += ["--exclude-module", module]
    for path in files_of(app):
        inside = path.relative_to(app)
        if path.suffix == ".py":
            parts = inside.with_suffix("").parts
            words += ["--hidden-import", ".".join(parts[:-1] if parts[-1] == "__init__" else parts)]
        else:
            words += ["--add-data", f"{path}{os.pathsep}{inside.parent}"]
    static = app / PACKAGE / "web/static"
    if sys.platform == "win32":
        about = work / "version.txt"
        numbers = (*(int(part) for part in version.split(".")[:3]), 0)
        about.write_text(WINDOWS_VERSION.format(numbers=numbers, version=version))
        words += ["--icon", str(ico(static / "app-192.png", 192, work / "app.ico")), "--version-file", str(about)]
    elif sys.platform == "darwin":
        words += ["--icon", str(icns(static / "app-512.png", work / "app.icns"))]
    run(words)
    made = work / "made" / NAME
    put_in_order(made / INSIDE / "base_library.zip")
    return made


def put_in_order(library: Path) -> None:
    """Sort the entries of a zip: PyInstaller takes Python's base modules out of a set, in another order each time.

    It is all that differs between two bundles of one commit, and makes the archive some thousand bytes more or less.
    """
    with zipfile.ZipFile(library) as packed:
        entries = {name: packed.read(name) for name in sorted(packed.namelist())}
    with zipfile.ZipFile(library, "w") as packed:
        for name, content in entries.items():
            packed.writestr(zipfile.ZipInfo(name), content)  # of 1980, as PyInstaller's are


def complete(root: Path, app: Path, folder: Path, version: str) -> None:
    """Put beside the program what a person looks for there, and the one program that it brings."""
    rg = "rg.exe" if sys.platform == "win32" else "rg"
    found = [file.locate() for file in distribution("ripgrep").files or () if file.name == rg]
    shutil.copy2(os.path.abspath(str(found[0])), folder / rg)
    static = app / PACKAGE / "web/static"
    shutil.copy(static / "app-512.png", folder / f"{NAME}.png")
    shutil.copy(root / "LICENSE", folder / "LICENSE")
    (folder / "VERSION").write_text(version + "\n")
    shutil.copytree(root / "docs", folder / "docs", ignore=shutil.ignore_patterns(".*"))
    libraries = sorted(path.name for path in (folder / INSIDE).iterdir() if path.is_file() and ".so" in path.name)
    vendored = sorted((static / "vendor").glob("*.LICENSE.txt"))
    (folder / "THIRD-PARTY.txt").write_text(notices(vendored, libraries), "utf-8")


def archived(folder: Path) -> Path:
    """Pack a folder beside itself, its name first in each path: .zip on Windows, else .tar.gz; returns the file."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    if sys.platform == "win32":
        target = folder.with_name(folder.name + ".zip")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in files_of(folder):
                packed.write(path, path.relative_to(folder.parent))
        return target
    target = folder.with_name(folder.name + ".tar.gz")

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = epoch, 0, 0, "", ""
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    # level 6: 9 took twice as long for 1 % less
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=epoch) as pressed,
        tarfile.open(fileobj=pressed, mode="w", format=tarfile.PAX_FORMAT) as packed,
    ):
        packed.add(folder, folder.name, filter=plain)
    return target

# SPDX-License-Identifier: MIT
"""What was built runs where nothing else is: the wheel in an empty environment, the bundle without any Python.

Each is set up by command, reaches the ready line, does the practice turn with the real OpenCode, and stops clean.
`make test` makes the bundle once, which takes half a minute of one core; `make soak` makes ten (NEXUS_TEST_BUNDLES),
kills twenty (NEXUS_TEST_BUNDLE_KILLS), and runs it on Debian's smallest system, without Python (NEXUS_TEST_ROOT=1).
"""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest
from PyInstaller.archive.readers import CArchiveReader

from opencode_nexus import __version__
from scripts.bundle import put_in_order
from scripts.notices import bundled
from tests.builds.conftest import Clone
from tests.builds.practice import InstalledHub, practice_turn
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="links to programs, and signals"),
    pytest.mark.timeout(7200),  # ten bundles on a crowded machine
]
BUNDLES = int(os.environ.get("NEXUS_TEST_BUNDLES", "3"))
KILLS = int(os.environ.get("NEXUS_TEST_BUNDLE_KILLS", "0"))
SEED = int(os.environ.get("NEXUS_TEST_SEED", "6"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with every program of this machine but Node, Python and OpenCode."""
    folder = tmp_path_factory.mktemp("bin")
    places = [Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    for path in (path for place in places if place.is_dir() for path in place.iterdir()):
        kept_out = path.name.startswith(("node", "npm", "npx", "python", "pip", "opencode"))
        if not kept_out and "pyenv" not in str(path) and not (folder / path.name).is_symlink():
            (folder / path.name).symlink_to(path)
    assert not [name for name in ("node", "npm", "python3", "python") if shutil.which(name, path=str(folder))]
    return folder


@pytest.fixture(scope="module")
def bundle(clone: Clone) -> Path:
    """The archive of the bundle."""
    clone.build("bundle")
    (archive,) = (clone.root / "dist").glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the archive holds, elsewhere."""
    folder = tmp_path_factory.mktemp("installed here")
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def test_the_wheel_in_an_empty_environment(clone: Clone, programs: Path, opencode_binary: Path, tmp_path: Path) -> None:
    clone.build("wheel")
    (wheel,) = (clone.root / "dist").glob("*.whl")
    place = tmp_path / "venv"
    venv.create(place, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin/python"), "--disable-pip-version-check", "--quiet"]
    locked = ["install", "--no-input", "--no-compile", "--require-hashes", "-r", str(ROOT / "requirements/run.txt")]
    subprocess.run([*pip, *locked], check=True, cwd=tmp_path)
    subprocess.run([*pip, "install", "--no-input", "--no-deps", "--no-compile", str(wheel)], check=True, cwd=tmp_path)
    subprocess.run([*pip, "check"], check=True, cwd=tmp_path)
    clean = {"PATH": str(programs), "HOME": str(tmp_path)}
    said = subprocess.run([place / "bin/opencode-nexus", "--version"], env=clean, capture_output=True, text=True)
    assert said.stdout == f"{__version__}\n", said.stderr
    with InstalledHub(tmp_path / "hub", opencode_binary, place / "bin/python", programs) as hub:
        practice_turn(hub)


def test_the_bundle_without_a_python(unpacked: Path, programs: Path, opencode_binary: Path, tmp_path: Path) -> None:
    program = unpacked / "opencode-nexus"
    clean = {"PATH": str(programs), "HOME": str(tmp_path)}
    said = subprocess.run([program, "--version"], env=clean, capture_output=True, text=True)
    assert said.stdout == f"{__version__}\n", said.stderr
    with InstalledHub(tmp_path / "hub", opencode_binary, program, programs) as hub:
        practice_turn(hub)
        # a chat's file is looked at in a process of its own, by the same program
        target = tmp_path / "target"
        look = [str(program), "-P", "-m", "opencode_nexus.chat.session_file", "/dev/null", str(target)]
        answer = json.loads(subprocess.run(look, env=clean, capture_output=True, check=True).stdout)
        assert answer["detail"] == "It is empty."


def test_everything_of_ours_is_inside(unpacked: Path, clone: Clone) -> None:
    """Commands are imported when they are used, and templates, scripts and migrations read as files."""
    program = CArchiveReader(str(unpacked / "opencode-nexus"))
    modules = set(program.open_embedded_archive("PYZ.pyz").toc)
    source = clone.root / "src"
    files = [
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    code = {path for path in files if path.suffix == ".py"}
    wanted = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in code}
    assert wanted - modules == set()
    kept = {path for path in files if path not in code and path.parts[0] == "opencode_nexus"}
    assert {path for path in kept if not (unpacked / "_internal" / path).is_file()} == set()
    assert {path.suffix for path in kept} >= {".html", ".sql", ".js", ".css", ".png"}


def test_what_lies_beside_the_program(unpacked: Path, clone: Clone, bundle: Path) -> None:
    entries = json.loads((clone.root / "dist/manifest.json").read_text())["artefacts"]
    assert {entry["name"] for entry in entries if entry["kind"] == "bundle"} == {bundle.name, unpacked.name}
    listed = [line.split("  ")[1] for line in (clone.root / "dist/SHA256SUMS").read_text().splitlines()]
    assert bundle.name in listed
    assert (unpacked / "VERSION").read_text() == f"{__version__}\n"
    assert (unpacked / "opencode-nexus.png").read_bytes().startswith(b"\x89PNG")
    assert (unpacked / "docs/index.md").is_file()
    notices = (unpacked / "THIRD-PARTY.txt").read_text()
    assert all(f"\n  {each.name} {each.version}: " in notices for each in bundled())
    assert "Redistribution and use in source and binary forms" in notices
    assert "idiomorph" in notices
    inside = {path.name.partition(".")[0] for path in (unpacked / "_internal").iterdir()}
    assert not inside & {"pytest", "mypy", "playwright", "PyInstaller", "readline", "libreadline", "tkinter"}


def test_bundles_in_a_row_leave_a_tree_no_larger_and_the_same_bytes(clone: Clone, bundle: Path) -> None:
    first = clone.tree()
    sums = (clone.root / "dist/SHA256SUMS").read_text()
    for _ in range(BUNDLES - 1):
        clone.build("bundle")
        assert clone.tree() == first
        assert (clone.root / "dist/SHA256SUMS").read_text() == sums


def test_the_base_modules_of_a_bundle_are_in_one_order(tmp_path: Path) -> None:
    """PyInstaller takes them out of a set."""
    made = []
    for names in (("types.pyc", "encodings/utf_8.pyc", "abc.pyc"), ("abc.pyc", "types.pyc", "encodings/utf_8.pyc")):
        library = tmp_path / f"{names[0]}.zip"
        with zipfile.ZipFile(library, "w") as packed:
            for name in names:
                packed.writestr(zipfile.ZipInfo(name), f"code of {name}")
        put_in_order(library)
        made.append(library.read_bytes())
        with zipfile.ZipFile(library) as packed:
            assert {name: packed.read(name).decode() for name in packed.namelist()} == {
                name: f"code of {name}" for name in names
            }
    assert made[0] == made[1]


@pytest.mark.skipif(not KILLS, reason="make soak: some seconds each")
def test_a_killed_bundle_leaves_no_litter_after_the_next_build(clone: Clone, bundle: Path) -> None:
    moments = random.Random(SEED)
    clone.build("wheel")
    begun = time.monotonic()
    clone.build("bundle")
    takes = time.monotonic() - begun
    shutil.rmtree(clone.root / "dist")
    clone.build("wheel")
    whole = clone.tree()
    caught = 0
    while caught < KILLS:
        process = clone.begin("bundle")
        time.sleep(moments.uniform(0.05, 0.95) * takes)  # the moment, not a wait for anything
        process.kill()
        process.communicate()
        if process.returncode != -signal.SIGKILL:  # it was done before: the machine has become quicker
            takes *= 0.8
            continue
        caught += 1
        assert all((path / "VERSION").exists() for path in (clone.root / "dist").iterdir() if path.is_dir())
        clone.build("wheel")
        left = {name for name in clone.tree() if not name.startswith("dist/opencode-nexus-")}
        assert left == whole.keys()
    clone.build("bundle")


# In a mount namespace of its own: what is bound in here is seen by nobody else, and gone with the process.
ROOT_COMMAND = """
for place in /proc /dev {bound}; do mkdir -p {root}"$place" && mount --rbind "$place" {root}"$place"; done
exec chroot {root} {program} "$@"
"""


@pytest.mark.skipif("NEXUS_TEST_ROOT" not in os.environ, reason="make soak: debootstrap takes a minute and more")
def test_the_bundle_on_a_system_without_python(unpacked: Path, opencode_binary: Path, tmp_path: Path) -> None:
    """Debian's smallest, by debootstrap, with OpenCode bound in; the path of each thing is the same in it."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("NOT RUN: another root needs root on Linux")
    if shutil.which("debootstrap") is None:
        pytest.skip("NOT RUN: there is no debootstrap; on Debian: apt-get install debootstrap")
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    root = tmp_path / "root"
    suite = release.get("VERSION_CODENAME", "stable").strip('"')
    made = subprocess.run(["debootstrap", "--variant=minbase", suite, root], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"NOT RUN: debootstrap could not make a root: {(made.stdout + made.stderr)[-300:]}")
    assert not list(root.glob("usr/bin/python*"))
    hub_root, program = tmp_path / "hub", tmp_path / "run"
    bound = " ".join(shlex.quote(str(path)) for path in (hub_root, unpacked, opencode_binary.parent))
    inside = shlex.quote(str(unpacked / "opencode-nexus"))
    words = ROOT_COMMAND.format(bound=bound, program=inside, root=shlex.quote(str(root)))
    program.write_text(f'#!/bin/sh\nexec unshare --mount sh -c {shlex.quote(words)} sh "$@"\n')
    program.chmod(0o755)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    with InstalledHub(hub_root, opencode_binary, program, path) as hub:
        practice_turn(hub)
    shutil.rmtree(root)

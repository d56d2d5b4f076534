# SPDX-License-Identifier: MIT
"""`scripts/build`: makes the wheel, the sdist and the bundle, and leaves nothing else behind.

All of it happens in this process, so that a killed build leaves no child that goes on writing, and all temporary files
are in build/, which the next build or clean removes.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hatchling.build import build_sdist, build_wheel

from scripts.artefacts import KINDS, Artefact, Artefacts
from scripts.build_lock import Busy, held

ROOT = Path(__file__).resolve().parent.parent
KEEP = 2  # other versions of a kind
WITHOUT_GIT = "1580601600"  # 2020-02-02, as hatchling takes it where nothing else is known
TWICE = ("wheel", "sdist")


def git(*words: str) -> str:
    """Return what git says, "" when it says nothing, as in an unpacked sdist, or is not there."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def version() -> str:
    found = re.search(r'^__version__ = "([^"]+)"', (ROOT / "src/opencode_nexus/__init__.py").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("src/opencode_nexus/__init__.py names no version")
    return found[1]


def make(kind: str, draft: Path, work: Path) -> list[Path]:
    """Make one kind below `draft`; returns what is to be kept of it."""
    if kind == "bundle":
        from scripts.bundle import make_bundle

        inside = work / "wheel"
        inside.mkdir()
        return make_bundle(ROOT, inside / build_wheel(str(inside)), version(), draft, work)
    return [draft / (build_wheel if kind == "wheel" else build_sdist)(str(draft))]


def build(kinds: Sequence[str], keep: int) -> list[Artefact]:
    """Make these kinds; returns their entries. Raises Busy when another build is at work in this clone."""
    with held(ROOT):
        artefacts, done, commit = Artefacts(ROOT), [], git("rev-parse", "HEAD")
        environ, path = dict(os.environ), list(sys.path)
        try:
            artefacts.begin(kinds, version())
            tempfile.tempdir = str(artefacts.work)
            os.environ["TMPDIR"] = os.environ["TEMP"] = os.environ["TMP"] = str(artefacts.work)
            os.environ["SOURCE_DATE_EPOCH"] = git("log", "-1", "--format=%ct") or WITHOUT_GIT
            for kind in kinds:
                made = make(kind, artefacts.draft(kind), artefacts.work)
                done += artefacts.finish(kind, version(), made, commit, keep)
        finally:
            tempfile.tempdir = None
            os.environ.clear()
            os.environ.update(environ)
            sys.path[:] = path
            artefacts.end()
    return done


def listing(root: Path = ROOT) -> dict[str, int]:
    """Return the size in bytes of every file and link of a clone but git's own, by its path from the root."""
    found: dict[str, int] = {}
    for folder, folders, names in os.walk(root):
        if folder == str(root):
            folders[:] = [name for name in folders if name != ".git"]
        for name in (*names, *(name for name in folders if Path(folder, name).is_symlink())):
            path = Path(folder, name)
            found[path.relative_to(root).as_posix()] = path.lstat().st_size
    return found


def twice(keep: int) -> None:
    """Build wheel and sdist two times; raises SystemExit when the second differs, or leaves the tree larger."""
    first = build(TWICE, keep)
    before = listing()
    second = build(TWICE, keep)
    after = listing()
    more = sorted(name for name in after.keys() | before.keys() if after.get(name, 0) > before.get(name, 0))
    if sum(after.values()) > sum(before.values()) or after.keys() - before.keys():
        raise SystemExit(f"the second build left the tree larger: {', '.join(more)}")
    different = [one.name for one, other in zip(first, second, strict=True) if one.sha256 != other.sha256]
    if different:
        raise SystemExit(f"not the same bytes from one commit: {', '.join(different)}")
    tell(second)
    print(f"built twice: the same bytes, and a tree of {sum(after.values()) / 1e6:.2f} MB as before")


def tell(made: Sequence[Artefact]) -> None:
    for entry in made:
        files = f"  {entry.files} files" if entry.files > 1 else ""
        print(f"{entry.size / 1e6:9.2f} MB  dist/{entry.name}{files}  {entry.sha256[:16]}".rstrip())


def end(number: int, frame: FrameType | None) -> NoReturn:
    """End as at an exception, so that what was begun is cleared away."""
    del frame
    raise SystemExit(128 + number)


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/build", description=__doc__)
    parser.add_argument(
        "what", nargs="+", choices=[*KINDS, "all", "twice"], help="twice: see that a second build changes nothing"
    )
    parser.add_argument("--keep", type=int, default=KEEP, metavar="N", help=f"other versions of each kind ({KEEP})")
    told = parser.parse_args(words)
    if told.keep < 0:
        parser.error("--keep takes 0 or more")
    signal.signal(signal.SIGTERM, end)
    os.chdir(ROOT)
    try:
        if "twice" in told.what:
            twice(told.keep)
        else:
            tell(build([kind for kind in KINDS if kind in told.what or "all" in told.what], told.keep))
    except Busy:
        raise SystemExit("Another build is at work in this clone. Wait for it, or end it first.") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main(sys.argv[1:])

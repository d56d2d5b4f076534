# SPDX-License-Identifier: MIT
"""The folder of finished builds: what bears a name there is whole, and manifest.json says what it is.

A build works in build/, which is removed before and after it, and moves what is finished into dist/ in one step. The
manifest is written last and is what counts: whatever has the form of an artefact and is not in it is left of a build
that was cut off, and goes with the next one.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

FORMS = {
    "wheel": r"opencode_nexus-(?P<version>[^-]+)-py3-none-any\.whl",
    "sdist": r"opencode_nexus-(?P<version>[^-]+)\.tar\.gz",
    "bundle": r"opencode-nexus-(?P<version>[^-]+)-[a-z]+-[a-z0-9_]+(\.tar\.gz|\.zip)?",
}
KINDS = tuple(FORMS)


@dataclass(frozen=True, slots=True)
class Artefact:
    """One entry of dist/. `size` in bytes; `sha256` of a file, "" of a folder, whose archive has one."""

    kind: str
    version: str
    name: str
    size: int
    sha256: str
    commit: str
    files: int = 1


def is_of(kind: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(FORMS[kind], name)


class Artefacts:
    """build/ and dist/ of the clone at `root`. Only one build at a time may use it (scripts/build_lock.py)."""

    def __init__(self, root: Path) -> None:
        self.work, self.folder = root / "build", root / "dist"
        self._manifest, self._sums = self.folder / "manifest.json", self.folder / "SHA256SUMS"

    def listed(self) -> list[Artefact]:
        """Return what the manifest says is here, as far as it is.

        Raises SystemExit when it cannot be understood: taken for empty, it would let all that is finished be removed.
        """
        try:
            entries = read(self._manifest.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise SystemExit(
                f"{self._manifest} cannot be understood ({error}), so all in dist was left: "
                "take out of dist what you want to keep, run scripts/clean --release, and build again."
            ) from error
        return [entry for entry in entries if (self.folder / entry.name).exists()]

    def begin(self, kinds: Sequence[str], version: str) -> None:
        """Remove the last build's intermediates, what was cut off, and artefacts of the names to come."""
        kept = [entry for entry in self.listed() if entry.kind not in kinds or entry.version != version]
        self.sweep()
        self.work.mkdir()
        self.folder.mkdir(exist_ok=True)
        self._list(kept)
        self._drop_unlisted(kept)

    def draft(self, kind: str) -> Path:
        """Make and return an empty folder for what is being made."""
        folder = self.work / "draft" / kind
        folder.mkdir(parents=True)
        return folder

    def finish(self, kind: str, version: str, made: Sequence[Path], commit: str, keep: int) -> list[Artefact]:
        """Take finished files and folders over; of other versions of the kind the newest `keep` stay."""
        entries = [described(kind, version, path, commit) for path in made]
        for path in made:
            if is_of(kind, path.name) is None:
                raise ValueError(f"{path.name} has not the form of a {kind}")
            os.replace(path, self.folder / path.name)
        before = [entry for entry in self.listed() if entry.name not in {new.name for new in entries}]
        others = {entry.version for entry in before if entry.kind == kind}
        old = sorted(others, key=lambda version: self._written(before, kind, version))[: max(0, len(others) - keep)]
        kept = [entry for entry in before if entry.kind != kind or entry.version not in old]
        self._list([*kept, *entries])
        self._drop_unlisted([*kept, *entries])
        return entries

    def sweep(self) -> None:
        """Remove the intermediates."""
        remove(self.work)

    def end(self) -> None:
        """Leave no empty folder."""
        self.sweep()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _written(self, entries: Sequence[Artefact], kind: str, version: str) -> float:
        mine = (entry for entry in entries if entry.kind == kind and entry.version == version)
        return max((self.folder / entry.name).stat().st_mtime for entry in mine)

    def _list(self, entries: Sequence[Artefact]) -> None:
        """Write the manifest and, for `sha256sum -c`, the sums; neither when there is nothing."""
        ordered = sorted(entries, key=lambda entry: (entry.kind, entry.version, entry.name))
        text = json.dumps({"artefacts": [asdict(entry) for entry in ordered]}, indent=2) + "\n"
        sums = "".join(f"{entry.sha256}  {entry.name}\n" for entry in ordered if entry.sha256)
        if not ordered:
            self._manifest.unlink(missing_ok=True)
            self._sums.unlink(missing_ok=True)
            return
        for target, content in ((self._manifest, text), (self._sums, sums)):
            draft = self.work / target.name
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # or a power cut may leave the new name with nothing in it
            draft.replace(target)

    def _drop_unlisted(self, entries: Sequence[Artefact]) -> None:
        """Take what no entry names out of dist/ in one step each, so that half of a folder never bears its name."""
        names = {entry.name for entry in entries}
        aside = self.work / "old"
        for path in sorted(self.folder.iterdir()):
            if path.name not in names and any(is_of(kind, path.name) for kind in KINDS):
                aside.mkdir(exist_ok=True)
                with telling(path):
                    os.replace(path, aside / path.name)
        remove(aside)


def read(text: str) -> list[Artefact]:
    """Return a manifest's entries; raises ValueError or TypeError when it is not one that _list wrote."""
    told = json.loads(text)
    if not isinstance(told, dict) or not isinstance(told.get("artefacts"), list):
        raise ValueError("it lists no artefacts")
    known = {field.name: cast("type", field.type) for field in fields(Artefact)}
    strange = {*told, *(name for entry in told["artefacts"] for name in entry)} - {"artefacts", *known}
    if strange:  # what they say would be lost with the next writing
        raise ValueError(f"another version wrote it: {', '.join(sorted(strange))}")
    entries = [Artefact(**entry) for entry in told["artefacts"]]
    for entry in entries:
        for name, kind in known.items():
            if not isinstance(getattr(entry, name), kind):
                raise ValueError(f"{name} is no {kind.__name__}")
    return entries


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """End with one sentence when the system does not let `path` be removed."""
    try:
        yield
    except OSError as error:
        named = f"{path} cannot be removed ({error.filename or path}: {error.strerror})"
        raise SystemExit(f"{named}: see who may write there, remove it, and build again.") from error


def remove(path: Path) -> None:
    """Remove what is there: a folder with all that is in it, a file, or a link and not what it leads to."""
    with telling(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def described(kind: str, version: str, path: Path, commit: str) -> Artefact:
    """Return the entry of a finished file or folder."""
    if path.is_file():
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Artefact(kind, version, path.name, path.stat().st_size, digest, commit)
    inner = list(files_of(path))
    return Artefact(kind, version, path.name, sum(each.lstat().st_size for each in inner), "", commit, len(inner))


def files_of(folder: Path) -> Iterator[Path]:
    """Yield all files and links below a folder, by name."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path

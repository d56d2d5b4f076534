# SPDX-License-Identifier: MIT
"""Verifies a backup as a whole, and only then puts it into an empty home folder."""

import gzip
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.observe.backup.contents import PARTS
from opencode_nexus.observe.backup.errors import BackupDamaged, BackupNewer, BackupUnwritable, HomeNotEmpty
from opencode_nexus.observe.backup.sealed import SealedReader
from opencode_nexus.observe.opencode_folders import Folders
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.migrate import migrations

_SINGLE = {part.name for part in PARTS if part.kind in ("database", "secrets")}
_DISK = {"lost+found"}  # what an empty disk holds
_FOLDERS = {part.name for part in PARTS if part.kind in ("folder", "sessions")}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: `parts` by name, `notes` for the person, in words."""

    parts: tuple[str, ...]
    notes: tuple[str, ...] = ()
    created: float = 0.0
    version: str = ""


def verify(file: Path, passphrase: str, into: Path) -> Restored:
    """Read the whole backup into the new folder `into` and check each database there; blocks.

    Raises BackupDamaged, BackupNewer, PassphraseWrong, BackupUnwritable when `into` cannot be written.
    """
    into.mkdir(mode=0o700, parents=True)
    try:
        with file.open("rb") as source:
            reader = SealedReader(source, passphrase)
            _not_newer(reader.about)
            parts = _unpack(reader, into)
            reader.to_end()
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise BackupDamaged(f"{error}.") from error
    except OSError as error:
        if error.errno is None:  # BadGzipFile is one
            raise BackupDamaged(f"{error}.") from error
        raise BackupUnwritable(f"{into}: {error.strerror}.") from error
    for path in sorted(into.rglob("*.db")):
        _check(path)
    if "nexus.db" not in parts:
        raise BackupDamaged("There is no database in it.")
    created, version = reader.about.get("created"), str(reader.about.get("version") or "")
    return Restored(tuple(parts), (), float(created) if isinstance(created, int | float) else 0.0, version)


def restore(file: Path, home: Path, passphrase: str, environ: Mapping[str, str]) -> Restored:
    """Put a backup into `home`, which must be empty or not there; blocks.

    OpenCode's own chats go where an OpenCode with this environment keeps its own, when nothing is there; else they are
    left in the home folder, and a note says so. Raises what `verify` raises, and HomeNotEmpty; nothing is left then.
    """
    home = home.resolve()  # a link would be taken away, not followed
    volume = os.path.ismount(home)  # it cannot be replaced, only filled
    if home.exists() and (not home.is_dir() or {entry.name for entry in home.iterdir()} - (_DISK if volume else set())):
        raise HomeNotEmpty(f"{home} holds something.")
    draft = home / ".restoring" if volume else home.with_name(f"{home.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        found = verify(file, passphrase, draft)
        notes = _secrets(draft, found)
        if volume:
            _fill(home, draft)
        else:
            if home.exists():
                home.rmdir()
            draft.rename(home)
    except OSError as error:
        raise BackupUnwritable(f"{home}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if "sessions" in found.parts:
        notes += _sessions(home, Folders.of(environ).database)
    return Restored(found.parts, tuple(notes), found.created, found.version)


def _fill(home: Path, draft: Path) -> None:
    """Move all into place, the database last: without it no hub takes the folder for its home."""
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir(), key=lambda path: (path.name == "nexus.db", path.name)):
            moved.append(path.rename(home / path.name))  # noqa: PERF401 - what was moved must be known at an error
    except OSError:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _not_newer(about: Mapping[str, object]) -> None:
    schema, known = about.get("schema"), migrations()[-1][0]
    if not isinstance(schema, int) or schema > known:
        raise BackupNewer(f"It holds migration {schema}; this version knows up to {known}.")


def _unpack(reader: SealedReader, into: Path) -> list[str]:
    """Write what the table of parts knows; an archive that holds anything else is not ours."""
    parts: dict[str, None] = {}
    with (
        gzip.GzipFile(fileobj=reader, mode="rb") as packed,
        tarfile.open(fileobj=packed, mode="r|") as archive,
    ):
        for member in archive:
            folder, slash, name = member.name.partition("/")
            known = folder in _FOLDERS and name and not set(name) & set("/\\") and name not in (".", "..")
            if not member.isreg() or not (known if slash else member.name in _SINGLE):
                raise BackupDamaged(f"It holds {member.name[:80]!r}, which no backup does.")
            content = archive.extractfile(member)
            assert content is not None
            target = into / member.name
            target.parent.mkdir(mode=0o700, exist_ok=True)
            with target.open("xb") as out:
                target.chmod(0o600)
                shutil.copyfileobj(content, out, 1 << 20)
            parts[folder] = None
    return list(parts)


def _check(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupDamaged(f"{path.name}: {error}.") from error
    if said != "ok":
        raise BackupDamaged(f"{path.name}: {said}.")


def _secrets(draft: Path, found: Restored) -> list[str]:
    """Seal the secrets anew, under a key of the new home alone."""
    path = draft / "secrets.json"
    if "secrets.json" not in found.parts:
        return ["Secrets were not in it: enter the tokens of tunnels and the variables of servers again."]
    try:
        secrets = json.loads(path.read_bytes())
        sealed = SealedFile(draft / "secrets")
        for name, value in secrets.items():
            sealed.set(str(name), str(value))
    except (ValueError, AttributeError) as error:
        raise BackupDamaged(f"Its secrets cannot be read: {error}.") from error
    path.unlink()
    return []


def _sessions(home: Path, database: Path) -> list[str]:
    kept = home / "sessions"
    first = kept / "0.db"
    if database.exists():
        return [f"OpenCode has chats of its own here ({database}); those of the backup were left in {kept}."]
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(first, database)
        if not any(kept.iterdir()):
            kept.rmdir()
            return []
        return [f"The chats of further OpenCodes were left in {kept}."]
    except OSError as error:
        return [f"OpenCode's chats were left in {kept}: {error.strerror or error}."]

# SPDX-License-Identifier: MIT
"""Writes a backup of a home folder, beside a hub that goes on working on it."""

import contextlib
import gzip
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus import __version__
from opencode_nexus.observe.backup.contents import FORGOTTEN, PARTS
from opencode_nexus.observe.backup.errors import BackupUnwritable
from opencode_nexus.observe.backup.sealed import SealedWriter
from opencode_nexus.store.migrate import copy, migrations

SUFFIX = ".backup"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written: `size` in bytes, `sealed` with a passphrase; `parts` by name, `seconds` it took."""

    path: Path
    size: int
    sealed: bool
    parts: tuple[str, ...]
    seconds: float


def create(
    home: Path,
    target: Path,
    *,
    now: float,
    passphrase: str = "",
    secrets: Callable[[], Mapping[str, str]] | None = None,
    sessions: Sequence[Path] = (),
) -> Made:
    """Write a backup of `home` to the new file `target` in one step; blocks, for about 1 s for each 50 MB.

    `now` in epoch seconds stands in its description. `secrets` gives the secrets by name; it is asked only when there
    is a passphrase. `sessions` are OpenCode's own databases that shall go with it.

    Raises BackupUnwritable, PassphraseWeak; SecretsUnreadable when a keyring does not give what it holds.
    """
    begun = time.monotonic()
    told = secrets() if passphrase and secrets is not None else None
    about = {
        "created": now,
        "version": __version__,
        "schema": migrations()[-1][0],
        "sessions": [str(path) for path in sessions],
    }
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        if target.exists():
            raise FileExistsError(17, "is there already", str(target))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as work,
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            writer = SealedWriter(file, about, passphrase)
            with (
                gzip.GzipFile(fileobj=writer, mode="wb", compresslevel=6) as packed,
                tarfile.open(fileobj=packed, mode="w|") as archive,
            ):
                parts = _fill(archive, home, Path(work), told, sessions)
            writer.finish()
            os.fsync(file.fileno())
            size = file.tell()
        draft.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupUnwritable(f"{target}: {getattr(error, 'strerror', None) or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return Made(target, size, bool(passphrase), tuple(parts), time.monotonic() - begun)


def _fill(
    archive: tarfile.TarFile, home: Path, work: Path, secrets: Mapping[str, str] | None, sessions: Sequence[Path]
) -> list[str]:
    """Put each part that there is into the archive; returns their names."""
    there: list[str] = []
    for part in PARTS:
        source = home / part.place
        if part.kind == "database" and source.exists():
            _add_database(archive, source, part.name, work, FORGOTTEN if part.name == "nexus.db" else ())
        elif part.kind == "folder" and source.is_dir():
            for path in sorted(source.iterdir()):
                with contextlib.suppress(FileNotFoundError):  # sent meanwhile
                    if path.is_file() and not path.is_symlink():
                        archive.add(path, f"{part.name}/{path.name}", recursive=False)
        elif part.kind == "secrets" and secrets is not None:
            _add(archive, part.name, json.dumps(dict(secrets)).encode())
        elif part.kind == "sessions" and sessions:
            for number, path in enumerate(sessions):
                _add_database(archive, path, f"{part.name}/{number}.db", work)
        else:
            continue
        there.append(part.name)
    return there


def _add_database(archive: tarfile.TarFile, source: Path, name: str, work: Path, after: Sequence[str] = ()) -> None:
    """Add a consistent copy of a database that others go on writing; `after` is run on the copy."""
    path = work / "copy.db"
    # a plain path: as an address with mode=ro, SQLite could not read a file in WAL mode whose hub was killed
    with closing(sqlite3.connect(source, timeout=30)) as connection:
        copy(connection, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it
        for sql in after:
            made.execute(sql)
    archive.add(path, name, recursive=False)
    path.unlink()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    archive.addfile(info, io.BytesIO(content))

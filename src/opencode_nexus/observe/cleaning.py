# SPDX-License-Identifier: MIT
"""What of OpenCode's folders may go, shown before it goes, and the deleting itself. All of it blocks: use a thread."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opencode_nexus.core.ids import new_id
from opencode_nexus.observe.disk_errors import CleanFailed, DiskInUse, NothingToClean
from opencode_nexus.observe.opencode_folders import Folders, amount_of

log = logging.getLogger(__name__)

ItemKind = Literal["snapshots", "outputs", "logs", "cache", "database"]
LEFT = ".nexus-removed-"  # how the name begins of what is being deleted; a crash may leave one behind
LOSES: dict[ItemKind, str] = {
    "snapshots": "Undo of what agents changed so far in this project is no longer possible.",
    "outputs": "The full text of long outputs is gone; chats keep the shortened one.",
    "logs": "What OpenCode logged so far is gone.",
    "cache": "OpenCode fetches again what it needs of it, for which it may want the network.",
    "database": "Nothing: free space inside of the file is given back. Every conversation stays.",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that may go: `bytes` of the disk in `files` files; `changed` in epoch seconds, None: not known."""

    id: str
    kind: ItemKind
    title: str
    path: Path
    bytes: int
    files: int
    changed: float | None = None

    @property
    def loses(self) -> str:
        """What is lost with it, in a sentence."""
        return LOSES[self.kind]


def offered(folders: Folders) -> list[Item]:
    """Return what may go, the largest first; what takes nothing is left out."""
    found = [*_snapshots(folders)]
    wholes: tuple[tuple[ItemKind, str, Path], ...] = (
        ("outputs", "Full outputs of commands", folders.data / "tool-output"),
        ("logs", "Log files", folders.data / "log"),
        ("cache", "Downloads", folders.cache),
    )
    for kind, title, path in wholes:
        found += _item(kind, kind, title, path)
    found += _slack(folders.database)
    return sorted(found, key=lambda item: -item.bytes)


def clean(folders: Folders, ids: Iterable[str]) -> list[Item]:
    """Delete the items named; returns them. Raises NothingToClean, DiskInUse or CleanFailed.

    What is large is moved aside first, so that an OpenCode that starts meanwhile meets all of it or nothing.
    """
    wanted = set(ids)
    chosen = [item for item in offered(folders) if item.id in wanted]
    if not wanted or wanted - {item.id for item in chosen}:
        raise NothingToClean(", ".join(sorted(wanted - {item.id for item in chosen})) or "Nothing was named.")
    aside: list[Path] = []
    try:
        with alone(folders.database) as connection:
            for item in chosen:
                if item.kind == "database":
                    assert connection is not None  # it was offered, so it is there
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                elif item.kind == "snapshots":
                    aside.append(_moved(item.path))
                else:  # the folder itself stays: OpenCode makes it at its start only
                    aside += [_moved(path) for path in sorted(item.path.iterdir())]
        for path in aside:
            _delete(path)
    except (OSError, sqlite3.Error) as error:
        raise CleanFailed(f"{error}.") from error
    return chosen


@contextmanager
def alone(database: Path) -> Iterator[sqlite3.Connection | None]:
    """Hold OpenCode's database for us alone meanwhile; raises DiskInUse when any process has it open.

    OpenCode holds its file open from its start to its end (measured on 1.18.33), so whoever runs is seen by this,
    also one that is not ours. Yields None where there is no database.
    """
    if not database.exists():
        yield None
        return
    with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
        try:
            # in WAL mode only this mode asks for the whole file: an exclusive transaction leaves readers in
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise DiskInUse(f"{database} is open in another process ({error}).") from error
        yield connection


def _item(number: str, kind: ItemKind, title: str, path: Path) -> list[Item]:
    try:
        held = [amount_of(child) for child in path.iterdir()]
        changed = path.stat().st_mtime
    except OSError:
        return []
    size, files = sum(one.bytes for one in held), sum(one.files for one in held)
    return [Item(number, kind, title, path, size, files, changed)] if size and files else []


def _snapshots(folders: Folders) -> Iterator[Item]:
    try:
        held = sorted((folders.data / "snapshot").iterdir())
    except OSError:
        return
    projects = _projects(folders.database)
    for path in held:
        folder = projects.get(path.name, "")
        if path.name.startswith(LEFT):
            title = "Left over of an earlier cleaning"
        elif path.name == "global":  # a git project without a commit is counted here too
            title = "Snapshots of folders without a git history"
        elif not folder:
            title = "Snapshots of a project that OpenCode no longer knows"
        elif not Path(folder).is_dir():
            title = f"Snapshots of {folder}, which is gone"
        else:
            title = f"Snapshots of {folder}"
        yield from _item(f"snapshots:{path.name}", "snapshots", title, path)


def _projects(database: Path) -> dict[str, str]:
    """Return OpenCode's project folders by project id; {} when it does not tell them."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            return dict(connection.execute("SELECT id, worktree FROM project").fetchall())
    except (OSError, sqlite3.Error):
        return {}


def _slack(database: Path) -> list[Item]:
    """Return what the database file holds free; only when the disk has room for the copy that giving it back needs."""
    try:
        if not database.exists():
            return []
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            pages, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
            )
        free = int(pages) * int(size)
        if not free or shutil.disk_usage(database.parent).free < database.stat().st_size:
            return []
        return [Item("database", "database", "Free space in the database", database, free, 0, database.stat().st_mtime)]
    except (OSError, sqlite3.Error):
        return []


def _moved(path: Path) -> Path:
    if path.name.startswith(LEFT):
        return path
    aside = path.with_name(LEFT + new_id("x"))
    os.rename(path, aside)
    return aside


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

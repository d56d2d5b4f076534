# SPDX-License-Identifier: MIT
"""`opencode-nexus backup …`: beside a running hub or without one; restoring needs an empty home folder."""

import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption
from opencode_nexus.cli.database import with_database
from opencode_nexus.cli.errors import PassphraseUnread
from opencode_nexus.cli.secret_file import first_line
from opencode_nexus.cli.table import Column, moment, show, show_json
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.observe.backup.backups import Backups, plan_of
from opencode_nexus.observe.backup.errors import BackupNotFound
from opencode_nexus.observe.backup.restore import restore as put_back
from opencode_nexus.observe.backup.restore import verify as look_through
from opencode_nexus.observe.opencode_folders import Folders
from opencode_nexus.secrets.keyring import SystemKeyring
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.secrets.vault import Vault
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import default_home, home_folder
from opencode_nexus.store.kv import Kv

T = TypeVar("T")

app = typer.Typer(help="Backups of the home folder.", add_completion=False, no_args_is_help=True, rich_markup_mode=None)

PassphraseOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File whose first line is the passphrase; - reads standard input."),
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("MADE", lambda row: moment(row["at"])),
    ("MEGABYTES", lambda row: f"{row['size'] / 1e6:.1f}"),
    ("SECRETS", lambda row: "sealed in it" if row["sealed"] else "not in it"),
    ("BY", lambda row: "the clock" if row["auto"] else "hand"),
)


def _with_backups(home: Path | None, work: Callable[[Backups], Awaitable[T]]) -> T:
    """Run `work` on this home folder's backups; a running hub goes on beside it. Raises as `with_database`."""
    folder, clock = home_folder(home), SystemClock()

    async def run(db: Database) -> T:
        sealed = SealedFile(folder / "secrets")
        settings = Settings.load({}, os.environ, Kv(db).get("settings", {}), default_home())
        backups = Backups(
            home=folder, vault=Vault(sealed, SystemKeyring(f"opencode-nexus {folder}")), names=sealed.names,
            plan=lambda: plan_of(settings), sessions=lambda: [Folders.of(os.environ).database],
            activity=Activity(db, Bus(clock), clock), clock=clock, tasks=Tasks(),
        )  # fmt: skip
        return await work(backups)

    return with_database(folder, run)


def _passphrase(file: Path | None) -> str | None:
    """Return what the file says; None without one."""
    hint = "Name a text file whose first line is the passphrase, or - for standard input: --passphrase-file."
    return None if file is None else first_line(file, PassphraseUnread, hint)


@app.command()
def create(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to; default: the folder of backups.", show_default=False),
    ] = None,
    passphrase_file: PassphraseOption = None,
    sessions: Annotated[bool, typer.Option("--sessions", help="OpenCode's own database of chats too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a backup now. With a passphrase the secrets go with it, sealed; without one they stay out."""
    passphrase = _passphrase(passphrase_file)

    async def work(backups: Backups) -> dict[str, object]:
        made = await backups.make(passphrase, sessions=sessions, target=file.absolute() if file else None)
        return {**asdict(made), "path": str(made.path)}

    made = _with_backups(home, work)
    if as_json:
        return show_json(made)
    print(f"Made {made['path']}.")
    if not made["sealed"]:
        print("Secrets are not in it: give a passphrase (--passphrase-file) to have them sealed in it.")


@app.command("list")
def list_backups(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the backups in the folder of backups, newest first."""

    async def work(backups: Backups) -> list[dict[str, object]]:
        return [asdict(one) for one in await backups.list()]

    empty = "There are no backups. 'opencode-nexus backup create' makes one."
    show(_with_backups(home, work), COLUMNS, as_json=as_json, empty=empty)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a backup in the list.")],
    home: HomeOption = None,
) -> None:
    """Remove a backup from the folder of backups."""

    async def work(backups: Backups) -> None:
        await backups.remove(name)

    _with_backups(home, work)
    print(f"Removed {name}.")


@app.command()
def passphrase(
    passphrase_file: PassphraseOption = None,
    none: Annotated[bool, typer.Option("--none", help="Forget it: backups by the clock are not sealed.")] = False,
    home: HomeOption = None,
) -> None:
    """Keep the passphrase that seals backups made by the clock. Without it nobody can open them: write it down."""
    words = "" if none else _passphrase(passphrase_file)
    if words is None:
        raise typer.BadParameter("Give --passphrase-file, or --none.")

    async def work(backups: Backups) -> None:
        await backups.keep_passphrase(words)

    _with_backups(home, work)
    print("Backups to come are sealed with it." if words else "Backups to come are not sealed.")


@app.command()
def verify(file: FileArgument, passphrase_file: PassphraseOption = None, as_json: JsonOption = False) -> None:
    """Read a backup as a whole and check it, without restoring anything."""
    with tempfile.TemporaryDirectory(prefix="nexus-verify-") as folder:
        found = look_through(_there(file), _passphrase(passphrase_file) or "", Path(folder) / "home")
    if as_json:
        return show_json({"created": found.created, "version": found.version, "parts": list(found.parts)})
    print(f"It is whole: made {moment(found.created)} by version {found.version}, holds {', '.join(found.parts)}.")


@app.command()
def restore(
    file: FileArgument, passphrase_file: PassphraseOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Put a backup into an empty home folder: it is verified as a whole before anything is written there."""
    folder = home_folder(home)
    found = put_back(_there(file), folder, _passphrase(passphrase_file) or "", os.environ)
    if as_json:
        return show_json({"home": str(folder), "parts": list(found.parts), "notes": list(found.notes)})
    print(f"Restored to {folder}, as it was {moment(found.created)}.")
    for note in found.notes:
        print(note)


def _there(file: Path) -> Path:
    if not file.is_file():
        raise BackupNotFound(f"There is no file {file}.", hint="Name the file of a backup.")
    return file

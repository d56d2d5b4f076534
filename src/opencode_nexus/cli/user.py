# SPDX-License-Identifier: MIT
"""`opencode-nexus user …`: accounts, with a running hub or without."""

import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.access.access import Access
from opencode_nexus.access.errors import UserNotFound
from opencode_nexus.access.rules import PASSWORD_RULES, check_password
from opencode_nexus.access.user_info import UserInfo
from opencode_nexus.cli import user_devices
from opencode_nexus.cli.client import HomeOption, JsonOption
from opencode_nexus.cli.database import with_access
from opencode_nexus.cli.errors import PasswordUnread
from opencode_nexus.cli.secret_file import password_in
from opencode_nexus.cli.table import Column, moment, show, show_json

app = typer.Typer(help="Who may sign in.", add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.command()(user_devices.devices)

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("MADE", lambda row: moment(row["created"])),
    ("LAST SIGN-IN", lambda row: moment(row["last_login"])),
    ("SIGNED IN", lambda row: str(row["logins"])),
    ("LOCKED FOR", lambda row: ", ".join(lock["source"] for lock in row["locked"])),
    ("ID", "id"),
)

NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="User name. Default: the only user.", show_default=False),
]


def _as_row(user: UserInfo) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "created": user.created,
        "password_changed": user.password_changed,
        "last_login": user.last_login,
        "logins": user.logins,
        "locked": [{"source": source, "until": until} for source, until in user.locked],
    }


def _named(access: Access, name: str | None) -> str:
    """The user meant; raises UserNotFound when that is not clear."""
    users = access.users()
    if name is not None:
        return name
    if len(users) != 1:
        raise UserNotFound(f"There are {len(users)} users; name the one you mean.")
    return users[0].name


@app.command("list")
def list_users(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the users, and the addresses that are locked after wrong passwords."""

    async def work(access: Access) -> list[UserInfo]:
        return access.users()

    rows = [_as_row(user) for user in with_access(home, work)]
    show(rows, COLUMNS, as_json=as_json, empty="There is no user yet. 'opencode-nexus setup' makes the owner.")


@app.command()
def passwd(
    name: NameArgument = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="File whose first line is the new password; - is standard input."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a new password; signs the user out everywhere and ends locks."""

    async def find(access: Access) -> str:
        return _named(access, name)

    user = with_access(home, find)
    password = check_password(_read(password_file), user)

    async def work(access: Access) -> int:
        return await access.set_password(user, password)

    ended = with_access(home, work)
    if as_json:
        return show_json({"name": user, "logins_ended": ended})
    print(f"The password of {user} is changed. Devices signed out: {ended}.")


@app.command()
def unlock(name: NameArgument = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """End the waits after wrong passwords."""

    async def work(access: Access) -> tuple[str, int]:
        user = _named(access, name)
        return user, await access.unlock(user)

    user, freed = with_access(home, work)
    if as_json:
        return show_json({"name": user, "sources": freed})
    print(f"Nothing is locked for {user} any more. Addresses with failed sign-ins forgotten: {freed}.")


def _read(file: Path | None) -> str:
    """The new password, from the file's first line or typed twice. Raises PasswordUnread."""
    if file is not None:
        return password_in(file)
    if not sys.stdin.isatty():
        raise PasswordUnread("There is no terminal to ask at.")
    print("The new password needs: " + "; ".join(rule.text.lower() for rule in PASSWORD_RULES) + ".")
    first = getpass("New password: ")
    if getpass("New password again: ") != first:
        raise PasswordUnread("The two are not the same.")
    return first

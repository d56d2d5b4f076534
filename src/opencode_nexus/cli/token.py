# SPDX-License-Identifier: MIT
"""`opencode-nexus token …`: API tokens, with a running hub or without."""

import time
from typing import Annotated, Any

import typer

from opencode_nexus.access.access import Access
from opencode_nexus.access.who import SCOPES
from opencode_nexus.cli.client import HomeOption, JsonOption
from opencode_nexus.cli.database import with_access
from opencode_nexus.cli.table import Column, moment, show, show_json
from opencode_nexus.store.tokens import TokenRow

app = typer.Typer(help="API tokens, for programs.", add_completion=False, no_args_is_help=True, rich_markup_mode=None)

SCOPE_HELP = "What it may do; repeat for several. " + " ".join(f"{name}: {text}" for name, text in SCOPES.items())

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("SCOPES", lambda row: ", ".join(row["scopes"])),
    ("MADE", lambda row: moment(row["created"])),
    ("LAST USED", lambda row: moment(row["last_used"])),
    ("ENDS", lambda row: moment(row["expires"]) + (" (expired)" if row["expired"] else "")),
    ("ID", "id"),
)


def _as_row(token: TokenRow) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "user": token.user_name,
        "scopes": list(token.scopes),
        "created": token.created,
        "expires": token.expires,
        "last_used": token.last_used,
        "expired": token.expires is not None and token.expires <= time.time(),
    }


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is for, such as the program's name.")],
    scope: Annotated[list[str], typer.Option("--scope", help=SCOPE_HELP)] = ["all"],  # noqa: B006 - typer's way
    days: Annotated[int | None, typer.Option("--days", help="Days it holds. Default: without an end.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it, this once."""

    async def work(access: Access) -> tuple[str, TokenRow]:
        return await access.create_token(name, scope, days)

    token, row = with_access(home, work)
    if as_json:
        return show_json({"token": token, **_as_row(row)})
    print(token)


@app.command("list")
def list_tokens(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the tokens; what they are is never shown again."""

    async def work(access: Access) -> list[TokenRow]:
        return access.tokens()

    rows = [_as_row(row) for row in with_access(home, work)]
    empty = "There are no API tokens. 'opencode-nexus token create --name NAME' makes one."
    show(rows, COLUMNS, as_json=as_json, empty=empty)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the token.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a token; it ends at once."""

    async def work(access: Access) -> TokenRow:
        return await access.revoke_token(token)

    row = with_access(home, work)
    if as_json:
        return show_json(_as_row(row))
    print(f"The token {row.name} is revoked.")

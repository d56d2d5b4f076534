# SPDX-License-Identifier: MIT
"""The table of the commands, each imported only when it is used."""

from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from opencode_nexus import __version__
from opencode_nexus.cli.start import start

COMMANDS: dict[str, str] = {
    "serve": "opencode_nexus.cli.serve",
    "setup": "opencode_nexus.cli.setup",
    "status": "opencode_nexus.cli.status",
    "server": "opencode_nexus.cli.server",
    "chat": "opencode_nexus.cli.chat",
    "inbox": "opencode_nexus.cli.inbox",
    "search": "opencode_nexus.cli.search",
    "usage": "opencode_nexus.cli.usage",
    "budget": "opencode_nexus.cli.budget",
    "model": "opencode_nexus.cli.model",
    "tunnel": "opencode_nexus.cli.tunnel",
    "settings": "opencode_nexus.cli.settings",
    "notifications": "opencode_nexus.cli.notifications",
    "logs": "opencode_nexus.cli.logs",
    "events": "opencode_nexus.cli.events",
    "alert": "opencode_nexus.cli.alert",
    "doctor": "opencode_nexus.cli.doctor",
    "token": "opencode_nexus.cli.token",
    "user": "opencode_nexus.cli.user",
    "backup": "opencode_nexus.cli.backup",
    "service": "opencode_nexus.cli.service",
    "desktop": "opencode_nexus.cli.desktop",
}
"""Command → its module, which holds a `typer.Typer` named `app`."""


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is used: `serve` loads none of the others."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # type: ignore[override]
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = typer.main.get_command(import_module(module).app)
        assert isinstance(command, TyperCommand | TyperGroup)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    help="OpenCode Nexus: OpenCode agents in your browser. Without a command it starts and opens a browser.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        start({})

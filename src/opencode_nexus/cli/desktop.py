# SPDX-License-Identifier: MIT
"""`opencode-nexus desktop`: the hub in a window of its own."""

import os
from typing import Annotated

import typer

from opencode_nexus.cli.client import HomeOption
from opencode_nexus.store.home import home_folder

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def desktop(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option("--port", help="Port of a hub that is started; default: 4600.")] = None,
    at_login: Annotated[
        bool | None, typer.Option("--at-login/--not-at-login", help="Only set whether the window opens at login.")
    ] = None,
) -> None:
    """Open a window of its own on the hub, which is started if it does not run. A second start brings it to the front.

    Needs the extra: pip install 'opencode-nexus[desktop]'. Without a web view a browser is opened, and that is said.
    """
    # here, for the commands share nothing with the window but this
    from opencode_nexus.desktop.desktop import Desktop

    flags = [] if port is None else ["--port", str(port)]
    window = Desktop(home_folder(home), flags, os.environ)
    if at_login is None:
        return window.run()
    window.at_login.set(at_login)
    print(f"The window {'opens at login' if at_login else 'does not open at login'}: {window.at_login.file}")

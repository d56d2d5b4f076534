# SPDX-License-Identifier: MIT
"""`opencode-nexus status`: whether the hub runs, how it and its servers are, and what is open to the outside."""

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.complain import FAILED
from opencode_nexus.cli.errors import HubNotRunning
from opencode_nexus.cli.server import COLUMNS
from opencode_nexus.cli.table import show, show_json, span
from opencode_nexus.cli.tunnel_words import tell

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Show the hub's address, its servers, open tunnels and what waits for you. Exit status 1 when it does not run."""
    try:
        with find_hub(home, url, token) as hub:
            now = hub.get("/status")
            servers = hub.items("/servers")
            tunnels = [tunnel for tunnel in hub.items("/tunnels") if tunnel["state"] != "stopped"]
    except HubNotRunning as error:
        if not as_json:
            raise
        show_json({"running": False, "detail": error.detail})
        raise typer.Exit(FAILED) from error
    if as_json:
        return show_json({"running": True, **now, "servers": servers, "tunnels": tunnels})
    print(f"OpenCode Nexus {now['version']} runs at {now['address']}")
    print(f"Process {now['pid']}, for {span(now['uptime'])}. Home folder: {now['home']}")
    if not now["setup_done"]:
        print(f"The set-up is not finished: open {now['address']}setup or run 'opencode-nexus setup'.")
    if now["waiting"]:
        print(f"Waiting for you: {now['waiting']}. Open {now['address']} to answer.")
    for tunnel in tunnels:
        tell(tunnel)
    print()
    show(servers, COLUMNS, as_json=False, empty="There are no servers yet.")

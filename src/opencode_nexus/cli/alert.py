# SPDX-License-Identifier: MIT
"""`opencode-nexus alert …`: what is wrong now, and from when on it is told."""

from typing import Annotated

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show, show_json
from opencode_nexus.observe.alert_rules import RULES

app = typer.Typer(help="Alerts and their rules.", add_completion=False, no_args_is_help=True, rich_markup_mode=None)

COLUMNS: tuple[Column, ...] = (
    ("RULE", "id"),
    ("WHAT", "label"),
    ("TOLD", lambda row: row["words"] or "at once" if row["on"] else "off"),
    ("OPEN", lambda row: row["open"] or ""),
)
RULE_HELP = f"One of {', '.join(rule.id for rule in RULES)}."


@app.command("list")
def list_alerts(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List the alerts that are open, and the rules."""
    with find_hub(home, url, token) as hub:
        found = {"open": hub.items("/alerts"), "rules": hub.items("/alerts/rules")}
    if as_json:
        return show_json(found)
    for alert in found["open"]:
        print(f"{moment(alert['at'])}  {alert['level']:<7}  {alert['title']}: {alert['detail']}")
    if not found["open"]:
        print("No alert is open.")
    print()
    show(found["rules"], COLUMNS, as_json=False, empty="")


@app.command("set")
def set_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help=RULE_HELP)],
    on: Annotated[bool | None, typer.Option("--on/--off", help="Whether it is told.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option(help="From what on, in the rule's unit.", show_default=False)
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="How long it must be so.", show_default=False)] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a rule; what is not given stays as it is."""
    change = {"on": on, "threshold": threshold, "minutes": minutes}
    with find_hub(home, url, token) as hub:
        row = hub.request("PATCH", f"/alerts/rules/{rule}", {k: v for k, v in change.items() if v is not None})
    if as_json:
        return show_json(row)
    print(f"{row['label']}: {row['words'] or 'told at once' if row['on'] else 'off'}.")

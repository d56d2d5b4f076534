# SPDX-License-Identifier: MIT
"""`opencode-nexus inbox …`: what waits for you, on all servers."""

from typing import Annotated, Any, Literal

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show, show_json

app = typer.Typer(
    help="What waits for you, on all servers.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id in the list.")]
COLUMNS: tuple[Column, ...] = (
    ("KIND", "kind"),
    ("CHAT", "title"),
    ("WHAT", lambda row: " ".join(row["detail"].split())[:80]),
    ("SINCE", lambda row: moment(row["at"])),
    ("ID", "id"),
)
ENDED: tuple[Column, ...] = (
    ("KIND", "kind"),
    ("CHAT", "title"),
    ("WHAT", lambda row: " ".join(row["detail"].split())[:60]),
    ("HOW", "words"),
    ("BY", lambda row: row["by"]["name"] if row["by"] else ""),
    ("WHEN", lambda row: moment(row["ended"])),
)
RULES: tuple[Column, ...] = (
    ("IT MAY", "words"),
    ("FOLDER", "directory"),
    ("USED", "used"),
    ("SINCE", lambda row: moment(row["at"])),
    ("ID", "id"),
)


@app.command("list")
def list_inbox(
    history: Annotated[bool, typer.Option("--history", help="What was answered or ended instead.")] = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what waits: permissions, questions, alerts, and turns that failed or finished."""
    with find_hub(home, url, token) as hub:
        if history:
            return show(hub.items("/inbox/history"), ENDED, as_json=as_json, empty="Nothing was answered yet.")
        show(hub.items("/inbox"), COLUMNS, as_json=as_json, empty="Nothing waits for you.")


@app.command("show")
def show_one(
    row: IdArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show all of what waits, with the answers that a question offers."""
    with find_hub(home, url, token) as hub:
        found = [one for one in hub.items("/inbox") if one["id"] == row]
    if not found:
        raise typer.BadParameter(f"Nothing with the id {row!r} waits.")
    if as_json:
        return show_json(found[0])
    _tell(found[0])


@app.command()
def answer(
    row: IdArgument,
    answers: Annotated[
        list[str] | None,
        typer.Argument(metavar="ANSWER...", help="To a question: a label for each part, several with commas between."),
    ] = None,
    allow: Annotated[
        Literal["once", "always", ""], typer.Option("--allow", help="To a permission: once, or always.")
    ] = "",
    reject: Annotated[bool, typer.Option("--reject", help="Turn it down.")] = False,
    message: Annotated[str, typer.Option(help="With --reject of a permission: what to do instead.")] = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Answer a permission or a question."""
    if (bool(answers), bool(allow), reject).count(True) != 1:
        raise typer.BadParameter("Give --allow or --reject, or the answers to a question.")
    body: dict[str, Any] = {"reply": "reject" if reject else allow or None, "message": message}
    if answers:
        body["answers"] = [[part.strip() for part in one.split(",")] for one in answers]
    with find_hub(home, url, token) as hub:
        hub.post(f"/inbox/{row}/reply", body)
    print("It is answered.")


@app.command()
def dismiss(
    row: IdArgument,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Put away an alert, or a turn that failed, was stopped by a budget, or finished."""
    with find_hub(home, url, token) as hub:
        hub.post(f"/inbox/{row}/dismiss")
    print("It is put away.")


@app.command()
def rules(
    remove: Annotated[str, typer.Option(help="Id of one to take back.")] = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List what is always allowed, or take one of these rules back."""
    with find_hub(home, url, token) as hub:
        if remove:
            hub.delete(f"/inbox/rules/{remove}")
        show(hub.items("/inbox/rules"), RULES, as_json=as_json, empty="Nothing is always allowed.")


def _tell(row: dict[str, Any]) -> None:
    print(f"{row['kind']} of {row['title'] or row['root_id']}, {row['directory']}")
    print(row["detail"])
    for pattern in row["patterns"] or ():
        print(f"  {row['permission']}: {pattern}")
    for pattern in row["always"] or ():
        print(f"  always would allow: {pattern}")
    for question in row["questions"] or ():
        print(question["question"])
        for option in question["options"]:
            print(f"  {option['label']}{': ' if option['description'] else ''}{option['description']}")

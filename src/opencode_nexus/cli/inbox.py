# SPDX-License-Identifier: MIT
"""`opencode-nexus inbox …`: what waits for you, on all servers."""

import re
from typing import Annotated, Any, Literal

import typer

from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import Column, moment, show, show_json
from opencode_nexus.core.unseen import mixed, plain

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
        typer.Argument(
            metavar="ANSWER...",
            help="To a question: for each part a label or own words; several labels, where they may be, with commas.",
        ),
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
    with find_hub(home, url, token) as hub:
        if answers:
            waits = next((one for one in hub.items("/inbox") if one["id"] == row), None) or {}
            asked = [*(waits.get("questions") or ()), *({} for _ in answers)]
            body["answers"] = [_chosen(one, question) for one, question in zip(answers, asked, strict=False)]
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


def _chosen(answer: str, question: dict[str, Any]) -> list[str]:
    """Return the labels that `answer` names, longest first where one holds a comma; else all of it, as own words.

    Where one alone may be named, the hub refuses several.
    """
    answer = answer.strip()
    labels = [str(option["label"]) for option in question.get("options") or ()]
    if answer in labels:
        return [answer]
    found: list[str] = []
    rest = answer
    while rest:
        fits = [label for label in labels if label and re.match(rf"{re.escape(label)}\s*(,|$)", rest)]
        if not fits:
            return [answer]
        found.append(max(fits, key=len))
        rest = rest[len(found[-1]) :].lstrip(", ")
    return found


def _tell(row: dict[str, Any]) -> None:
    metadata = row["metadata"] or {}
    wanted = str(metadata.get("command") or metadata.get("url") or row["detail"])
    lines = [f"{row['kind']} of {row['title'] or row['root_id']}, {row['directory']}", wanted]
    lines += [f"  {row['permission']}: {pattern}" for pattern in row["patterns"] or ()]
    lines += [f"  letters of several alphabets are mixed here: {word}" for word in mixed(wanted)]
    lines += [f"  always would allow: {pattern}" for pattern in row["always"] or ()]
    lines += str(metadata.get("diff") or "").splitlines()
    for question in row["questions"] or ():
        lines.append(question["question"])
        for option in question["options"]:
            lines.append(f"  {option['label']}{': ' if option['description'] else ''}{option['description']}")
    for line in lines:
        print(plain(line))

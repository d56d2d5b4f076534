# SPDX-License-Identifier: MIT
"""`opencode-nexus chat …`: talk to agents."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli import chat_change, chat_files, chat_queue
from opencode_nexus.cli.chat_find import ChatArgument, ServerOption, chat_path, server_of
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.complain import FAILED
from opencode_nexus.cli.table import Column, moment, show, show_json
from opencode_nexus.core.unseen import harmless, plain

app = typer.Typer(
    help="The chats with agents on the running hub.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

LOOK = 0.5  # seconds between two looks whether the agent is done
COLUMNS: tuple[Column, ...] = (
    ("TITLE", "title"),
    ("STATE", lambda row: f"{row['status']}{', asks' if row['waiting'] else ''}{', failed' if row['error'] else ''}"),
    ("", lambda row: " ".join(word for word in ("pinned", "archived") if row[word])),
    ("USED", lambda row: moment(row["updated"])),
    ("FOLDER", "project"),
    ("ID", "id"),
)

ProjectOption = Annotated[str, typer.Option("--project", help="Folder of the server; left out: its first.")]


@app.command("list")
def list_chats(
    server: ServerOption = "",
    archived: Annotated[bool, typer.Option("--archived", help="Those in the archive as well.")] = False,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the chats of a server, the one used last first."""
    with find_hub(home, url, token) as hub:
        pages = list(hub.pages(f"/servers/{server_of(hub, server)['id']}/sessions", limit=200))
    found = [one for page in pages for one in page["items"]]
    chats = [one for one in found if not one["parent_id"] and (archived or not one["archived"])]
    show(chats, COLUMNS, as_json=as_json, empty="There are no chats yet.")
    for folder in pages[-1].get("unlisted", []):  # one that is at --url may be older
        print(plain(f"The chats in {folder['project']} are not listed. {folder['reason']}"), file=sys.stderr)


@app.command()
def new(
    title: Annotated[str, typer.Argument(help="Its title; left out: made from the first message.")] = "",
    server: ServerOption = "", project: ProjectOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Begin a chat, and print its id."""
    with find_hub(home, url, token) as hub:
        body = {"title": title, "project": project or None}
        made = hub.post(f"/servers/{server_of(hub, server)['id']}/sessions", body)
    if as_json:
        return show_json(made)
    print(made["id"])


@app.command()
def send(
    chat: ChatArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is said to the agent; - reads standard input.")],
    model: Annotated[str, typer.Option(help="As provider/model; left out: as OpenCode decides.")] = "",
    agent: Annotated[str, typer.Option(help="Which agent answers, such as plan.")] = "",
    variant: Annotated[str, typer.Option(help="How much the model thinks, by its name for it.")] = "",
    file: Annotated[list[Path] | None, typer.Option(help="A file that goes along; may be given again.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the agent is done, and print its answer.")] = False,
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say something in a chat. It waits while the agent works; /command, !line and @file are meant, as in the page."""
    text = sys.stdin.read() if text == "-" else text
    with find_hub(home, url, token) as hub:
        path = chat_path(hub, server, chat)
        files = [chat_files.attach(hub, path, one)["id"] for one in file or ()]
        wish = {"model": model or None, "agent": agent or None, "variant": variant or None, "files": files}
        before = _newest(hub, path)
        told = hub.post(f"{path}/messages", {"text": text, "typed": True, **wish})
        if not wait:
            if as_json:
                return show_json(told)
            return print("It waits until the agent is done." if told["queued"] else "It is sent.")
        answers = _answers(hub, path, before)
    if as_json:
        return show_json(answers)
    for message in answers:
        _print(message)
    if any(message["error"] for message in answers):
        raise typer.Exit(FAILED)


@app.command("show")
def show_chat(
    chat: ChatArgument,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=200, help="How many messages, the newest.")] = 20,
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Print the newest messages of a chat, the oldest of them first."""
    with find_hub(home, url, token) as hub:
        messages = hub.get(f"{chat_path(hub, server, chat)}/messages", limit=number)["items"]
    if as_json:
        return show_json(messages)
    if not messages:
        return print("Nothing was said here yet.")
    for message in messages:
        print(f"--- {message['role']}, {moment(message['created'])}, {message['id']}")
        _print(message)


def _newest(hub: HubClient, path: str) -> str:
    messages = hub.get(f"{path}/messages", limit=1)["items"]
    return messages[-1]["id"] if messages else ""


def _answers(hub: HubClient, path: str, before: str) -> list[dict[str, Any]]:
    """Wait until the agent is done, and return what it said after the message with the id `before`."""
    while True:
        messages = hub.get(f"{path}/messages", limit=200)["items"]
        ids = [message["id"] for message in messages]
        came = messages[ids.index(before) + 1 :] if before in ids else messages
        answers = [message for message in came if message["role"] == "assistant" or message["error"]]
        session = hub.get(path)
        queue = hub.get(f"{path}/queue")["items"]
        if answers and session["status"] == "idle" and all(one["state"] != "running" for one in answers) and not queue:
            return answers
        if session["waiting"]:
            print("It waits for you: 'opencode-nexus inbox list'.", file=sys.stderr)
            raise typer.Exit(FAILED)
        if any(one["held"] for one in queue):
            print(f"It waits: {queue[0]['held']} 'opencode-nexus chat queue' shows it.", file=sys.stderr)
            raise typer.Exit(FAILED)
        time.sleep(LOOK)


def _print(message: dict[str, Any]) -> None:
    for part in message["parts"]:
        if part["type"] == "text" and part["text"]:
            print(harmless(part["text"]))
        elif part["type"] == "tool":
            print(plain(f"[{part['tool']}: {part['state']}] {json.dumps(part['input'] or {}, ensure_ascii=False)}"))
        elif part["type"] == "file":
            print(plain(f"[{part['filename']}]"))
    if message["error"]:
        print(harmless(f"Error: {message['error']['message']}"))


for one in chat_change.COMMANDS:
    app.command()(one)
app.command("export")(chat_files.export)
app.command("import")(chat_files.bring_in)
app.command("files")(chat_files.files)
app.command("queue")(chat_queue.queue)
app.command("unsent")(chat_queue.unsent)

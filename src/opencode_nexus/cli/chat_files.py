# SPDX-License-Identifier: MIT
"""`opencode-nexus chat export|import|files`: chats as files, and files that go with a message."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from opencode_nexus.cli.chat_find import ChatArgument, ServerOption, chat_path, server_of
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.errors import FileUnreadable, FileUnwritable
from opencode_nexus.cli.table import Column, show, show_json

WAIT = 60.0  # seconds between two pieces of an export
COLUMNS: tuple[Column, ...] = (("NAME", "name"), ("KIND", "mime"), ("BYTES", "size"), ("ID", "id"))


def attach(hub: HubClient, path: str, file: Path) -> dict[str, Any]:
    """Bring a file for the next message of the chat at `path`. Raises FileUnreadable or HubSaid."""
    added: dict[str, Any] = hub.send_bytes(f"{path}/files", read(file), name=file.name)
    return added


def read(file: Path) -> bytes:
    """Return what is in a file; raises FileUnreadable."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{file}: {error.strerror or error}.") from error


def export(
    chat: ChatArgument,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Left out: named after the chat, here.")] = None,
    kind: Annotated[Literal["json", "markdown"], typer.Option("--format", help="json or markdown.")] = "json",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Write a chat to a file: JSON for `chat import` and `opencode import`, or Markdown to be read."""
    with find_hub(home, url, token) as hub:
        path = chat_path(hub, server, chat)
        ending = "md" if kind == "markdown" else "json"
        target = file or Path(f"{path.rpartition('/')[2]}.{ending}")
        with hub.stream("GET", f"{path}/export?format={kind}", wait=WAIT) as reply:
            try:
                with target.open("wb") as out:
                    for piece in reply.iter_bytes():
                        out.write(piece)
            except OSError as error:
                raise FileUnwritable(f"{target}: {error.strerror or error}.") from error
    print(f"The chat is in {target}.")


def bring_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `chat export` or `opencode export`.")],
    project: Annotated[str, typer.Option(help="Folder of the server; left out: its first.")] = "",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Bring a chat in from a file, at most 200 MB."""
    content = read(file)
    with find_hub(home, url, token) as hub:
        path = f"/servers/{server_of(hub, server)['id']}/sessions/import"
        made = hub.send_bytes(path, content, project=project or None)
    if as_json:
        return show_json(made)
    print(f"{made['title']} is here as {made['id']}: {made['came']} of {made['messages']} messages.")


def files(
    chat: ChatArgument,
    remove: Annotated[str, typer.Option(help="Id of one to take away.")] = "",
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the files that were brought for a chat's next message, or take one away. `chat send --file` brings them."""
    with find_hub(home, url, token) as hub:
        path = f"{chat_path(hub, server, chat)}/files"
        if remove:
            hub.delete(f"{path}/{remove}")
        show(hub.items(path), COLUMNS, as_json=as_json, empty="No file was brought.")

# SPDX-License-Identifier: MIT
"""`opencode-nexus chat …`: what is done with a chat as a whole."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from opencode_nexus.cli.chat_find import ChatArgument, ServerOption, chat_path, server_of
from opencode_nexus.cli.client import HubClient, JsonOption
from opencode_nexus.cli.on_hub import on_hub
from opencode_nexus.cli.table import Column, moment, show, show_json

DELETED: tuple[Column, ...] = (
    ("TITLE", "title"),
    ("DELETED", lambda row: moment(row["deleted"])),
    ("UNTIL", lambda row: moment(row["due"])),
    ("ID", "id"),
)
MessageOption = Annotated[str, typer.Option("--message", help="Id of the last message that is copied; left out: all.")]
OffOption = Annotated[bool, typer.Option("--off", help="Take it back.")]


@on_hub
def stop(hub: HubClient, chat: ChatArgument, server: ServerOption = "", as_json: JsonOption = False) -> None:
    """Stop what the agent and its sub-agents do in a chat now."""
    done = hub.post(f"{chat_path(hub, server, chat)}/abort")
    show_json(done) if as_json else print(done["words"])


@on_hub
def rename(
    hub: HubClient,
    chat: ChatArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Its new title.")],
    server: ServerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a chat another title."""
    told = hub.request("PATCH", chat_path(hub, server, chat), {"title": title})
    show_json(told) if as_json else print(f"The chat is named {told['title']} now.")


@on_hub
def fork(
    hub: HubClient,
    chat: ChatArgument,
    message: MessageOption = "",
    server: ServerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Copy a chat, all of it or up to a message, and print the copy's id."""
    made = hub.post(f"{chat_path(hub, server, chat)}/fork", {"message_id": message or None})
    show_json(made) if as_json else print(made["id"])


@on_hub
def undo(
    hub: HubClient,
    chat: ChatArgument,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Id of the message; `chat show` tells it.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change.")] = False,
    server: ServerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Undo a message and all after it, and put back the files that were changed since. `chat restore` takes it back."""
    path = f"{chat_path(hub, server, chat)}/revert"
    what = hub.get(path, message_id=message) if preview else hub.post(path, {"message_id": message})
    if as_json:
        return show_json(what)
    print(f"Messages {'that would be undone' if preview else 'undone'}: {len(what['messages'])}.")
    for file in what["files"]:
        print(f"  {file['status']}: {file['path']} (+{file['additions']} -{file['deletions']})")
    if not what["snapshots"]:
        print("OpenCode keeps no snapshots of this folder, so no file is put back.")


@on_hub
def restore(hub: HubClient, chat: ChatArgument, server: ServerOption = "") -> None:
    """Bring back what was undone."""
    hub.post(f"{chat_path(hub, server, chat)}/restore")
    print("What was undone is back.")


@on_hub
def compact(
    hub: HubClient,
    chat: ChatArgument,
    model: Annotated[str, typer.Option(help="As provider/model; left out: that of the last turn.")] = "",
    server: ServerOption = "",
) -> None:
    """Sum a chat up, so that the agent goes on from the summary."""
    hub.post(f"{chat_path(hub, server, chat)}/compact", {"model": model or None})
    print("It is being summed up.")


@on_hub
def pin(hub: HubClient, chat: ChatArgument, off: OffOption = False, server: ServerOption = "") -> None:
    """Let a chat stand first in the list."""
    hub.request("DELETE" if off else "PUT", f"{chat_path(hub, server, chat)}/pin")
    print("It stands where its last use puts it." if off else "It stands first in the list.")


@on_hub
def archive(hub: HubClient, chat: ChatArgument, off: OffOption = False, server: ServerOption = "") -> None:
    """Take a chat out of the lists."""
    hub.request("DELETE" if off else "PUT", f"{chat_path(hub, server, chat)}/archive")
    print("It is in the lists again." if off else "It is in the archive.")


@on_hub
def delete(hub: HubClient, chat: ChatArgument, server: ServerOption = "") -> None:
    """Stop a chat and delete it. For ten minutes `chat undelete` brings it back."""
    hub.delete(chat_path(hub, server, chat))
    print("It is deleted. For ten minutes 'opencode-nexus chat undelete' brings it back.")


@on_hub
def undelete(
    hub: HubClient,
    chat: Annotated[str, typer.Argument(metavar="[CHAT]", help="Id; left out: lists those that can come back.")] = "",
    server: ServerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Bring a deleted chat back, or list those that can be brought back."""
    path = f"/servers/{server_of(hub, server)['id']}/deleted-sessions"
    if not chat:
        return show(hub.items(path), DELETED, as_json=as_json, empty="No chat can be brought back.")
    hub.post(f"{path}/{chat}/restore")
    print("The chat is back.")


@on_hub
def accept(
    hub: HubClient,
    chat: ChatArgument,
    span: Annotated[Literal["turn", "15m", "1h"], typer.Option("--for", help="turn, 15m or 1h.")] = "turn",
    off: Annotated[bool, typer.Option("--off", help="Ask again from now on.")] = False,
    server: ServerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give every permission of a chat and its sub-agents without asking, for a time. Questions are not answered."""
    path = f"{chat_path(hub, server, chat)}/accepting"
    told = hub.delete(path) if off else hub.request("PUT", path, {"span": span})
    if as_json:
        return show_json(told or {"on": False})
    print("It asks again." if off else f"It is given every permission until {moment(told['until'])} at the latest.")


COMMANDS: tuple[Callable[..., Any], ...] = (
    stop, rename, fork, undo, restore, compact, pin, archive, delete, undelete, accept,
)  # fmt: skip

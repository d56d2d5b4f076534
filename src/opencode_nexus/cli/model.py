# SPDX-License-Identifier: MIT
"""`opencode-nexus model …`: what answers: models, keys of their providers, own model servers, the practice model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opencode_nexus.cli.chat_find import ServerOption, server_of
from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.errors import KeyUnread
from opencode_nexus.cli.secret_file import token_in
from opencode_nexus.cli.table import Column, show, show_json

app = typer.Typer(
    help="The models that answer, and what they need.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

COLUMNS: tuple[Column, ...] = (
    ("MODEL", "id"),
    ("NAME", "name"),
    ("PROVIDER", "provider"),
    ("", lambda row: "default" if row["default"] else ""),
    ("VARIANTS", lambda row: ", ".join(row["variants"])),
    ("SENT WITHOUT A KEY TO", "keyless"),
)
SERVERS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("ADDRESS", "address"),
    ("MODELS", lambda row: ", ".join(row["models"])),
    ("ID", "id"),
)
KeyFileOption = Annotated[
    Path | None, typer.Option("--key-file", help="Text file whose first line is the API key, or - for standard input.")
]
NameOption = Annotated[str, typer.Option("--name", help="As it shows in the list of models.")]
AddressOption = Annotated[str, typer.Option("--address", help="Such as http://127.0.0.1:11434/v1.")]
ModelsOption = Annotated[list[str] | None, typer.Option("--model", help="A model's name there; may be given again.")]


@app.command("list")
def list_models(
    server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the models that can be chosen on a server that runs."""
    with find_hub(home, url, token) as hub:
        found = hub.items(f"/servers/{server_of(hub, server)['id']}/models")
    show(found, COLUMNS, as_json=as_json, empty="No model can be used yet. 'opencode-nexus model key' gives one a key.")


@app.command()
def key(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Its id in OpenCode, such as anthropic.")],
    key_file: KeyFileOption = None,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Give OpenCode a provider's API key, which it keeps itself."""
    secret = token_in(key_file, f"API key of {provider}", KeyUnread)
    with find_hub(home, url, token) as hub:
        hub.request("PUT", f"/providers/{provider}/key", {"key": secret})
    print("The key is saved in OpenCode.")


@app.command()
def servers(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """List your own model servers: the OpenAI-compatible addresses that were added."""
    with find_hub(home, url, token) as hub:
        show(hub.items("/model-servers"), SERVERS, as_json=as_json, empty="No model server of your own was added.")


@app.command()
def add(
    name: NameOption, address: AddressOption, model: ModelsOption = None, key_file: KeyFileOption = None,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Add a model server of your own: Ollama, LM Studio, llama.cpp, vLLM and others."""
    if not model:
        raise typer.BadParameter("Name at least one model with --model.")
    body = {"name": name, "address": address, "models": model, "key": _key(key_file)}
    with find_hub(home, url, token) as hub:
        made = hub.post("/model-servers", body)
    show_json(made) if as_json else print(f"The model server {made['name']} is added.")


@app.command()
def change(
    server: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the model server.")],
    name: NameOption = "", address: AddressOption = "", model: ModelsOption = None, key_file: KeyFileOption = None,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Change a model server of your own. What is not given stays as it is."""
    with find_hub(home, url, token) as hub:
        now = _find(hub, server)
        given = {"name": name or now["name"], "address": address or now["address"], "models": model or now["models"]}
        made = hub.request("PUT", f"/model-servers/{now['id']}", {**given, "key": _key(key_file)})
    show_json(made) if as_json else print(f"The model server {made['name']} is changed.")


@app.command()
def remove(
    server: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the model server.")],
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None,
) -> None:  # fmt: skip
    """Take a model server of your own out of use, and forget its key."""
    with find_hub(home, url, token) as hub:
        hub.delete(f"/model-servers/{_find(hub, server)['id']}")
    print("The model server is removed, and its key with it.")


@app.command()
def practice(
    on: Annotated[bool | None, typer.Option("--on/--off", help="Left out: tells which.")] = None,
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Switch the practice model on or off: a script that plays a model, to try everything without a key."""
    with find_hub(home, url, token) as hub:
        told = hub.get("/practice") if on is None else hub.request("PUT", "/practice", {"on": on})
    if as_json:
        return show_json(told)
    print(f"The practice model is {'on' if told['on'] else 'off'}. {told['problem']}".rstrip())


def _key(file: Path | None) -> str:
    return "" if file is None else token_in(file, "", KeyUnread)


def _find(hub: HubClient, name: str) -> dict[str, Any]:
    for one in hub.items("/model-servers"):
        if name in (one["id"], one["name"]):
            return one
    raise typer.BadParameter(f"No model server has the name or id {name!r}; 'model servers' lists them.")

# SPDX-License-Identifier: MIT
"""`opencode-nexus budget …`: how much agents may take."""

from typing import Annotated, Any, Literal

import typer

from opencode_nexus.cli.chat_find import ServerOption, chat_path
from opencode_nexus.cli.client import HomeOption, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.table import show_json

app = typer.Typer(
    help="How much agents may take: at 80 % a chat says so, at 100 % it is stopped.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

ChatOption = Annotated[str, typer.Option("--chat", help="Id or title of a chat; left out: the common budgets.")]
UsdOption = Annotated[str, typer.Option("--usd", help="US dollars, or none.")]
TokensOption = Annotated[str, typer.Option("--tokens", help="Tokens, or none.")]


@app.command("show")
def show_budgets(
    chat: ChatOption = "", server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show the common budgets, or that of a chat."""
    with find_hub(home, url, token) as hub:
        told = hub.get(f"{chat_path(hub, server, chat)}/budget" if chat else "/budgets")
    _tell(told, as_json)


@app.command("set")
def set_budget(
    of: Annotated[Literal["day", "chat"], typer.Option("--of", help="day: of all together; chat: of each.")] = "day",
    chat: ChatOption = "", usd: UsdOption = "", tokens: TokensOption = "", server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Set a common budget, or one chat's own. What is not given stays as it is."""
    given = {name: _number(name, text) for name, text in (("usd", usd), ("tokens", tokens)) if text}
    if not given:
        raise typer.BadParameter("Give --usd or --tokens.")
    with find_hub(home, url, token) as hub:
        if chat:
            path = f"{chat_path(hub, server, chat)}/budget"
            now = hub.get(path)
            told = hub.request("PUT", path, {"usd": now["usd"], "tokens": now["tokens"], **given})
        else:
            now = hub.get("/budgets")
            told = hub.request("PUT", "/budgets", {**now, of: {**now[of], **given}})
    _tell(told, as_json)


@app.command()
def clear(
    chat: Annotated[str, typer.Option("--chat", help="Id or title of the chat.")], server: ServerOption = "",
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Let the common budget hold for a chat again."""
    with find_hub(home, url, token) as hub:
        path = f"{chat_path(hub, server, chat)}/budget"
        hub.delete(path)
        told = hub.get(path)
    _tell(told, as_json)


def _number(name: str, text: str) -> float | int | None:
    if text == "none":
        return None
    try:
        number = float(text) if name == "usd" else int(text)
    except ValueError:
        number = 0
    if not 0 < number <= 1e15:
        raise typer.BadParameter(f"--{name} takes a number above 0, or none.")
    return number


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return show_json(told)
    if "day" in told:
        print(f"Each day, all chats together: {_words(told['day'])}.")
        return print(f"Each chat: {_words(told['chat'])}.")
    state = {"warned": " 80 % of it is used.", "reached": " It is used up: nothing more is sent."}.get(
        told["state"], ""
    )
    print(f"This chat: {_words(told)}{'' if told['own'] else ', as every chat'}.{state}")


def _words(limits: dict[str, Any]) -> str:
    dollars = "" if limits["usd"] is None else f"US $ {limits['usd']:.2f}"
    tokens = "" if limits["tokens"] is None else f"{limits['tokens']} tokens"
    return " and ".join(filter(None, (dollars, tokens))) or "no limit"

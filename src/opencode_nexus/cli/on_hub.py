# SPDX-License-Identifier: MIT
"""Options that many commands take, written once: how the hub is found, and what several commands ask for alike."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from opencode_nexus.cli.client import HomeOption, HubClient, TokenOption, UrlOption, find_hub

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

LAST = "as_json"  # the option that stays behind those that are taken


def _way(home: HomeOption = None, url: UrlOption = None, token: TokenOption = None) -> HubClient:
    return find_hub(home, url, token)


def on_hub(command: Callable[Concatenate[HubClient, P], R]) -> Callable[..., R]:
    """Give a command --home, --url and --token, before its --json; the hub they lead to is its first argument.

    When no hub runs, the command is not begun: HubNotRunning.
    """

    def run(hub: HubClient, /, *args: P.args, **options: P.kwargs) -> R:
        with hub:
            return command(hub, *args, **options)

    return taking(_way)(functools.wraps(command)(run))


def taking(shared: Callable[..., T]) -> Callable[[Callable[Concatenate[T, P], R]], Callable[..., R]]:
    """Give a command the options of `shared` too, before its --json; what that makes of them is its first argument."""
    more = inspect.signature(shared).parameters

    def decorate(command: Callable[Concatenate[T, P], R]) -> Callable[..., R]:
        def run(*args: Any, **options: Any) -> R:
            taken = {name: options.pop(name) for name in more if name in options}
            return command(shared(**taken), *args, **options)

        own = list(inspect.signature(command).parameters.values())[1:]
        at = len(own) - 1 if own and own[-1].name == LAST else len(own)
        parameters = [*own[:at], *more.values(), *own[at:]]
        functools.update_wrapper(run, command)
        # what Typer reads
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate

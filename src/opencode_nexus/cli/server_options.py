# SPDX-License-Identifier: MIT
"""What a server is started with, as options of `server add` and `server edit`."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from getpass import getpass
from types import MappingProxyType
from typing import Annotated, Any

import typer

from opencode_nexus.fleet.arguments import split

NONE = 0  # what "none" is read as, to take away a limit that was set

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def amount(text: str) -> int:
    """Return bytes as they are written, such as 800M or 2.5G (powers of ten), `NONE` for "none"."""
    if text.strip().lower() == "none":
        return NONE
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)\s*([kmgt]?)b?", text.strip().lower())
    if match is None or not (found := int(float(match[1]) * _UNITS[match[2]])):
        raise typer.BadParameter("give an amount of memory such as 800M or 2.5G, or none")
    return found


def count(text: str) -> int:
    """Return a whole number above zero, `NONE` for "none"."""
    if text.strip().lower() == "none":
        return NONE
    if not text.strip().isdecimal() or not 0 < int(text) < 10**6:
        raise typer.BadParameter("give a whole number such as 200, or none")
    return int(text)


EnvOption = Annotated[
    list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="A variable of its own; repeat for several.")
]
SecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="NAME",
        help="A variable that is kept as a secret. Its value is that of the same variable here, or asked for.",
    ),
]
ArgumentsOption = Annotated[
    str | None,
    typer.Option(
        "--arguments", metavar="LINE", help="Further arguments of “opencode serve”, as one line; '' for none."
    ),
]
VersionOption = Annotated[
    str | None,
    typer.Option("--opencode", metavar="VERSION", help="An OpenCode version that is here; '' for the hub's."),
]
WarnOption = Annotated[
    int | None, typer.Option("--memory-warn", metavar="SIZE", parser=amount, help="Warn at so much memory: 2G; none.")
]
RecycleOption = Annotated[
    int | None,
    typer.Option("--memory-recycle", metavar="SIZE", parser=amount, help="Restart it when idle at so much memory."),
]
StopOption = Annotated[
    int | None, typer.Option("--memory-stop", metavar="SIZE", parser=amount, help="Stop it at so much memory.")
]
CpuOption = Annotated[
    int | None,
    typer.Option("--cpu", metavar="PERCENT", parser=count, help="Most per cent of one core: 150 is one and a half."),
]
ProcessesOption = Annotated[
    int | None, typer.Option("--processes", metavar="N", parser=count, help="Most processes, its tools' included.")
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was given of these options; None: not given."""

    variables: Sequence[str]
    secrets: Sequence[str]
    arguments: str | None
    version: str | None
    limits: Mapping[str, int | None]

    def body(
        self,
        variables: Sequence[Mapping[str, Any]] = (),
        limits: Mapping[str, Any] = MappingProxyType({}),
        unset: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return what is to be sent to the hub: of variables and limits all, if any changes, with those there were.

        Raises typer.BadParameter or BadArgument.
        """
        changed = {name: value or None for name, value in self.limits.items() if value is not None}
        return given(
            environment=environment(variables, self.variables, self.secrets, unset),
            arguments=None if self.arguments is None else split(self.arguments),
            version=self.version,
            limits={**limits, **changed} if changed else None,
        )


def wanted(
    env: EnvOption = None,
    secret: SecretOption = None,
    arguments: ArgumentsOption = None,
    opencode: VersionOption = None,
    memory_warn: WarnOption = None,
    memory_recycle: RecycleOption = None,
    memory_stop: StopOption = None,
    cpu: CpuOption = None,
    processes: ProcessesOption = None,
) -> Wanted:
    """Return the options as they were given (`on_hub.taking`)."""
    limits = {
        "memory_warn": memory_warn,
        "memory_recycle": memory_recycle,
        "memory_stop": memory_stop,
        "cpu_percent": cpu,
        "processes": processes,
    }
    return Wanted(env or (), secret or (), arguments, opencode, limits)


def environment(
    before: Sequence[Mapping[str, Any]], env: Sequence[str], secrets: Sequence[str], unset: Sequence[str] = ()
) -> list[dict[str, Any]] | None:
    """Return all variables with those that were given in them; None when nothing was. Raises typer.BadParameter."""
    if not (env or secrets or unset):
        return None
    variables = {one["name"]: dict(one) for one in before}
    for name in unset:
        if variables.pop(name, None) is None:
            raise typer.BadParameter(f"it has no variable {name}", param_hint="--unset")
    for line in env:
        name, equals, value = line.partition("=")
        if not equals:
            raise typer.BadParameter(f"write {name}=value", param_hint="--env")
        variables[name] = {"name": name, "value": value, "secret": False}
    for name in secrets:
        variables[name] = {"name": name, "value": _secret(name), "secret": True}
    return list(variables.values())


def given(**values: Any) -> dict[str, Any]:
    """Return what is not None."""
    return {name: value for name, value in values.items() if value is not None}


def _secret(name: str) -> str:
    if "=" in name:
        raise typer.BadParameter("give the name alone: a value here could be read by every user", param_hint="--secret")
    if (value := os.environ.get(name)) is not None:
        return value
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{name} is not set here, and there is no terminal to ask at", param_hint="--secret")
    return getpass(f"Value of {name} (it is not shown): ")

# SPDX-License-Identifier: MIT
"""A server's own environment variables; the values of secret ones are sealed and never shown again."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.fleet.environment import is_ours
from opencode_nexus.secrets.redact import Secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(?i)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|CREDENTIALS?)(_?\d+)?$")
LENGTH = 32_000  # characters of a value; a system takes 128 KiB a variable (Linux), or 32,767 characters (Windows)


class BadVariable(BadRequest):
    """An environment variable cannot be given to a server."""

    code = "bad-variable"
    title = "This environment variable cannot be used."
    hint = "A name has letters, digits and underscores, and does not begin with a digit."


class Vault(Protocol):
    """Keeps secrets by name; may block (`secrets.sealed_file.SealedFile`)."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...
    def names(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as it is asked for. `value` None keeps a secret's value as it is."""

    name: str
    value: str | None
    secret: bool = False

    @property
    def sealed(self) -> bool:
        """Whether its value is kept as a secret: when asked for, and when its name says that it is one."""
        return self.secret or self.value is None or _SECRET.search(self.name) is not None


def check_variables(variables: Sequence[Variable], kept: Mapping[str, str | None]) -> Sequence[Variable]:
    """Return the variables; raises BadVariable. `kept` are those that the server has: a value of None is a secret."""
    names = set[str]()
    for variable in variables:
        name = variable.name
        if not _NAME.fullmatch(name):
            raise BadVariable(f"{name[:80]!r} is no name for one.", variable=name)
        if is_ours(name):
            raise BadVariable(
                f"{name} is what OpenCode Nexus itself gives each server.",
                hint="Leave it out: address, port and password are the hub's own affair.",
                variable=name,
            )
        if name in names:
            raise BadVariable(f"{name} is given twice.", hint="Keep one of the two.", variable=name)
        names.add(name)
        if variable.value is None and kept.get(name, "") is not None:
            raise BadVariable(f"{name} has no value.", hint=f"Write {name}=value.", variable=name)
        if variable.value is not None and ("\0" in variable.value or len(variable.value) > LENGTH):
            raise BadVariable(
                f"The value of {name} is too long, or no text.", hint=f"Use up to {LENGTH} characters.", variable=name
            )
    return variables


class Sealed:
    """The secret values of servers, one entry in the vault for each. Its methods block: use a thread."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def of(self, server_id: str) -> dict[str, Secret]:
        """Return the secret values of a server by name; raises SecretsUnreadable."""
        kept = self._vault.get(_entry(server_id))
        return {name: Secret(value) for name, value in json.loads(kept or "{}").items()}

    def keep(self, server_id: str, values: Mapping[str, Secret]) -> None:
        """Keep these and no others; raises SecretsUnreadable, or OSError when it cannot be written."""
        if values:
            packed = json.dumps({name: value.reveal() for name, value in values.items()})
            self._vault.set(_entry(server_id), packed)
        else:
            self._vault.delete(_entry(server_id))


def _entry(server_id: str) -> str:
    return f"server-environment:{server_id}"

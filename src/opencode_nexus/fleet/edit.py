# SPDX-License-Identifier: MIT
"""A change of what is wanted of a server: only what is given changes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.fleet.arguments import check_arguments
from opencode_nexus.fleet.limits import Limits, check_limits
from opencode_nexus.fleet.spec import check_name
from opencode_nexus.fleet.variables import Variable, check_variables
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.servers import ServerRow


class BadVersion(BadRequest):
    """The version is none that OpenCode could have."""

    code = "bad-version"
    title = "This is not a version of OpenCode."
    hint = "Give three numbers, such as 1.18.33, or nothing for the one that the hub uses."


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """None leaves a thing as it is. `environment` names all variables that the server is to have; `version` is "" for
    the hub's; `position` is its new place in the list, from 1.
    """

    name: str | None = None
    autostart: bool | None = None
    environment: Sequence[Variable] | None = None
    arguments: Sequence[str] | None = None
    version: str | None = None
    limits: Limits | None = None
    position: int | None = None

    @property
    def of_process(self) -> bool:
        """Whether it changes what a process is started with."""
        return any(value is not None for value in (self.environment, self.arguments, self.version, self.limits))


def edited(row: ServerRow, edit: Edit, sealed: Mapping[str, Secret]) -> tuple[ServerRow, dict[str, Secret]]:
    """Return the row and the sealed values as they are after `edit`, its place left out.

    Its revision is one more when the change waits for a start. Raises BadName, BadVariable, BadArgument, BadVersion or
    BadLimits.
    """
    new, secrets = row, dict(sealed)
    if edit.name is not None:
        new = replace(new, name=check_name(edit.name))
    if edit.autostart is not None:
        new = replace(new, autostart=edit.autostart)
    if edit.environment is not None:
        variables = check_variables(edit.environment, row.environment)
        new = replace(new, environment={v.name: None if v.sealed else v.value for v in variables})
        given = {v.name: Secret(v.value) for v in variables if v.sealed and v.value is not None}
        secrets = {name: value for name, value in sealed.items() if new.environment.get(name, "") is None} | given
    if edit.arguments is not None:
        new = replace(new, arguments=check_arguments(edit.arguments))
    if edit.version is not None:
        if edit.version and not re.fullmatch(r"v?[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}", edit.version):
            raise BadVersion(f"{edit.version[:40]!r}.")
        new = replace(new, version=edit.version.removeprefix("v"))  # its release page writes v1.18.33
    if edit.limits is not None:
        new = replace(new, limits=check_limits(edit.limits).kept())
    started_with = (new.environment, new.arguments, new.version, secrets)
    if started_with != (row.environment, row.arguments, row.version, sealed):
        new = replace(new, revision=row.revision + 1)
    return new, secrets

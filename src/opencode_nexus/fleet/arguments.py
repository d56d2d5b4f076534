# SPDX-License-Identifier: MIT
"""Further arguments for `opencode serve`: those that would take the server out of our hands are refused."""

import shlex
from collections.abc import Sequence

from opencode_nexus.core.errors import BadRequest

# Where it listens, how it is announced, what it asks for, and whether our shield is loaded (`--pure` keeps every
# plugin out). The rest of what 1.18.33 knows is --cors, --print-logs and --log-level.
_OURS = frozenset({"port", "hostname", "host", "mdns", "mdnsdomain", "pure", "password", "username", "help", "version"})


class BadArgument(BadRequest):
    """An argument cannot be given to OpenCode."""

    code = "bad-argument"
    title = "This argument cannot be given to OpenCode."
    hint = "Use flags of “opencode serve” that OpenCode Nexus does not set itself, such as --log-level DEBUG."


def split(line: str) -> list[str]:
    """Return the arguments of a line as a shell would split it; raises BadArgument."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise BadArgument(f"{line[:80]!r}: {error}.", hint="Close the quotation mark.") from error


def check_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments; raises BadArgument naming the first that cannot be used."""
    after_flag = False
    for argument in arguments:
        if not argument or not argument.isprintable():
            raise BadArgument("One is empty, or has characters that cannot be seen.", argument=argument)
        if not argument.startswith("-"):
            if not after_flag:
                raise BadArgument(f"{argument[:80]!r} does not belong to a flag.", argument=argument)
            after_flag = False
            continue
        if not argument.startswith("--") or argument == "--":
            raise BadArgument(f"{argument[:80]!r} is no flag with a whole name.", argument=argument)
        name = _name(argument)
        if name in _OURS or name.removeprefix("no") in _OURS:
            flag = argument.split("=", 1)[0]
            raise BadArgument(f"{flag[:80]} is for OpenCode Nexus alone to set.", argument=flag)
        after_flag = "=" not in argument
    return tuple(arguments)


def _name(argument: str) -> str:
    """Return a flag's name as OpenCode's parser reads it: --mdnsDomain, --mdns-domain and --mdns.domain=x are one."""
    return argument[2:].split("=", 1)[0].replace(".", "").replace("-", "").replace("_", "").lower()

# SPDX-License-Identifier: MIT
"""What a person writes: a message, a command of OpenCode's, or a line for the shell."""

from dataclasses import dataclass, replace

from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.writing import commands


@dataclass(frozen=True, slots=True)
class Written:
    """A message with what shall answer it. None stands for OpenCode's own choice; `files` are ids of attachments.

    `kind`: "prompt" (as it is), "typed" (`@` names files and agents), "command" (`/name arguments`) or "shell"
    (`!line`).
    """

    text: str
    model: str | None = None
    agent: str | None = None
    variant: str | None = None
    files: tuple[str, ...] = ()
    kind: str = "prompt"

    @property
    def line(self) -> str:
        """The shell's line."""
        return self.text.lstrip()[1:].strip()

    @property
    def command(self) -> tuple[str, str]:
        """The command's name and its arguments."""
        head, _, rest = self.text.strip()[1:].partition(" ")
        name, _, more = head.partition("\n")
        return name, f"{more}\n{rest}".strip() if more else rest.strip()


async def understood(client: Client, directory: str, written: Written) -> Written:
    """Return it with the kind that its beginning says: `!` and a line, `/` and the name of a command there is."""
    text = written.text.strip()
    if text.startswith("!") and written.line:
        return replace(written, kind="shell")
    if text.startswith("/"):
        as_command = replace(written, kind="command")
        if any(one.get("name") == as_command.command[0] for one in await commands(client, directory)):
            return as_command
    return replace(written, kind="typed")

# SPDX-License-Identifier: MIT
"""The command `opencode-nexus`: the hub at once, anything else through typer."""

import sys

from opencode_nexus.cli.complain import complain
from opencode_nexus.cli.plain import plain
from opencode_nexus.cli.start import start
from opencode_nexus.core.errors import NexusError


def main() -> None:
    """Run the command line; ends the process with 0 done, 1 failed, 2 wrong usage."""
    try:
        flags = plain(sys.argv[1:])
        if flags is not None:
            start(flags)
        from opencode_nexus.cli.commands import app

        app(prog_name="opencode-nexus")
    except NexusError as error:
        sys.exit(complain(error))

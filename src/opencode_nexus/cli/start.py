# SPDX-License-Identifier: MIT
"""From the command line to the hub: it runs in the foreground until it is told to end."""

import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn


def start(flags: Mapping[str, Any]) -> NoReturn:
    """Run the hub with `flags` (a value by setting name, None: not given); ends the process."""
    from opencode_nexus.app import run

    sys.exit(run(flags, os.environ))

# SPDX-License-Identifier: MIT
"""Errors on the terminal: title, detail and what to do, on stderr; and the exit status for them."""

import sys
from typing import TextIO

from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import SettingsError

FAILED, WRONG_USAGE = 1, 2
_SAID = 20  # lines


def complain(error: NexusError, to: TextIO | None = None) -> int:
    """Print `error` to `to` (default: stderr) and return the exit status for it."""
    problem = error.problem()
    lines = [f"Error: {problem['title']}"]
    if problem.get("detail"):
        lines.append(f"  {problem['detail']}")
    # what another program said: OpenCode that does not work, npm, a server that did not start
    said = problem.get("last_lines") or str(problem.get("output") or "").splitlines()
    if isinstance(said, list | tuple):
        lines += [f"  | {line}" for line in said[-_SAID:]]
    # what was done at Cloudflare before it failed, and what of that was undone
    steps = problem.get("steps")
    if isinstance(steps, list | tuple):
        for step in steps:
            lines.append(f"  | {step['text']}: {step['state']}" + (f" ({step['detail']})" if step["detail"] else ""))
    if problem.get("hint"):
        lines.append(f"  {problem['hint']}")
    print("\n".join(lines), file=to or sys.stderr)
    return WRONG_USAGE if isinstance(error, SettingsError) else FAILED

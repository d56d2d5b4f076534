# SPDX-License-Identifier: MIT
"""The programs: Python, the OpenCode of each server, cloudflared."""

import platform
import sys

from opencode_nexus import __version__
from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.finding import Looked

LOWEST, BELOW = (3, 11), (3, 15)  # as pyproject.toml has it


async def python(around: Around) -> Looked:
    """Which Python runs the hub."""
    said = f"OpenCode Nexus {__version__} on Python {platform.python_version()}."
    if LOWEST <= sys.version_info[:2] < BELOW:
        return Looked("pass", said)
    lowest, below = ".".join(map(str, LOWEST)), ".".join(map(str, BELOW))
    return Looked(
        "warn", said, f"It was tested with {lowest} or newer, below {below}. Install it anew with one of those."
    )


async def opencode(around: Around) -> Looked:
    """Which OpenCode the hub starts, and which each server runs."""
    if around.services is None:
        return Looked("unknown", around.trouble)
    seen = await around.services.opencode()
    said = " ".join(f"{one.name}: {one.problem or one.version + '.'}" for one in seen)
    wrong = [one for one in seen if one.problem]
    if not wrong:
        return Looked("pass", said)
    return Looked("fail" if any(not one.version for one in wrong) else "warn", said, wrong[0].todo)


async def cloudflared(around: Around) -> Looked:
    """Which cloudflared tunnels use; without a tunnel none is needed."""
    if around.services is None:
        return Looked("unknown", around.trouble)
    seen = await around.services.cloudflared()
    if not seen.problem:
        return Looked("pass", f"{seen.version}: {seen.name}.")
    if not around.services.tunnels():
        return Looked("pass", "There is no tunnel, so none is needed.")
    return Looked("fail", seen.problem, seen.todo)

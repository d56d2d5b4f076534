# SPDX-License-Identifier: MIT
"""One command of OpenCode's, run beside the servers: with their environment and data, without their password."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.fleet.environment import MARK, PASSWORD, child_environment

LIMIT = 300.0  # seconds; 2,000 messages took 5.1 s
SAID = 4000  # characters that are kept of what it wrote


async def run(
    program: Path, words: list[str], folder: str, environ: Mapping[str, str], *, config_home: Path, tools: Path
) -> tuple[int, str]:
    """Run `program` in `folder` to its end; returns its exit status and the end of what it wrote.

    Raises OSError when it cannot be started, TimeoutError when it does not end.
    """
    child = child_environment(environ, config_home=config_home, tools=tools, password="", mark="")
    for name in (PASSWORD, MARK):
        child.pop(name, None)
    process = await asyncio.create_subprocess_exec(
        str(program),
        *words,
        cwd=folder,
        env=child,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")[-SAID:]

# SPDX-License-Identifier: MIT
"""Which of many log files are worth reading: ripgrep tells, beside this process and on every core.

In Python 200 MB take 0.3 s and hold the other threads up for milliseconds at a time; ripgrep goes through 1 GB in 0.3 s
(both measured on two cores). It comes with this package; where it is missing all files are read.
"""

import logging
import subprocess
from collections.abc import Sequence
from pathlib import Path

from opencode_nexus.observe.log_files import LogFile

log = logging.getLogger(__name__)

FEW = 3  # files that are read anyway: starting a program costs as much
PATIENCE = 30.0  # seconds


def holding(
    ripgrep: Path | None, files: Sequence[LogFile], needles: Sequence[bytes], *, small: bool
) -> Sequence[LogFile]:
    """Return those of `files`, all in one folder, that hold one of `needles`, in their order; with `small` in capitals,
    too. All of them when it cannot be told, for want of ripgrep or of needles. Blocks.
    """
    if ripgrep is None or not needles or len(files) <= FEW:
        return files
    words = [str(ripgrep), "--no-config", "--no-messages", "--files-with-matches", "--text", "--fixed-strings"]
    words += ["--ignore-case"] if small else []
    for needle in needles:
        words += ["-e", needle.decode("utf-8", "surrogateescape")]
    words += ["--", *(file.path.name for file in files)]
    try:
        done = subprocess.run(
            words,
            cwd=files[0].path.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("ripgrep could not be asked, so all logs are read: %s", error)
        return files
    if done.returncode > 1:  # 1: nothing found
        log.warning("ripgrep failed, so all logs are read: %s", done.stderr.decode("utf-8", "replace")[:200])
        return files
    found = set(done.stdout.decode("utf-8", "replace").splitlines())
    return [file for file in files if file.path.name in found]

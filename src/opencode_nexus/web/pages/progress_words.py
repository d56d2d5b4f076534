# SPDX-License-Identifier: MIT
"""How far a job is that fetches something, in words."""

from opencode_nexus.install.progress import Progress
from opencode_nexus.render.page import bytes_text, duration_text


def told(progress: Progress) -> str:
    """Return the bytes, rate and time left of a job; empty while nothing has come."""
    if progress.stage not in ("downloading", "failed") or not progress.done:
        return ""
    said = bytes_text(progress.done)
    if progress.total:
        said += f" of {bytes_text(progress.total)}"
    if progress.rate:
        said += f", {bytes_text(progress.rate)}/s"
    if progress.left is not None:
        said += f", {duration_text(progress.left)} left"
    return said

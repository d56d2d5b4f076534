# SPDX-License-Identifier: MIT
"""The cloudflared that is to be run, and which flags it knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

Version = tuple[int, int, int]

# The release from which a flag is known: to an unknown one cloudflared answers with its help and exit status 0.
SINCE: Final[dict[str, Version]] = {
    "--output": (2025, 6, 1),
    "--no-prechecks": (2026, 5, 2),
    "--allowed-mail": (2026, 9, 3),
}


@dataclass(frozen=True, slots=True)
class Program:
    """A cloudflared that was found to work; `sha256` of the file as it was verified, in hexadecimal."""

    path: Path
    version: Version
    sha256: str

    def knows(self, flag: str) -> bool:
        """Tell whether it has `flag`, one of `SINCE`."""
        return self.version >= SINCE[flag]

    @property
    def words(self) -> str:
        """The version as people write it: 2026.6.0."""
        return ".".join(map(str, self.version))

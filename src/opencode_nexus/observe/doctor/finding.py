# SPDX-License-Identifier: MIT
"""What a check finds."""

import hashlib
from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Looked:
    """How it is: `said` is the reason, `todo` what a person can do ("" when nothing), `does` what the fix would do."""

    status: Status
    said: str
    todo: str = ""
    does: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    id: str
    title: str
    status: Status
    said: str
    todo: str = ""
    does: tuple[str, ...] = ()

    @property
    def seen(self) -> str:
        """A short name of what the fix would do: whoever agrees to it sends this along. "" when there is no fix."""
        return hashlib.sha256("\n".join(self.does).encode()).hexdigest()[:16] if self.does else ""

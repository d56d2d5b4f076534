# SPDX-License-Identifier: MIT
"""An API token of Cloudflare between two pages of the wizard: in memory alone, for a quarter of an hour."""

from dataclasses import dataclass

from opencode_nexus.core.clock import Clock
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.providers.cloudflare.permissions import Verified

LIFE = 900.0  # seconds
MOST = 20  # drafts at once; the oldest goes


@dataclass(frozen=True, slots=True)
class Draft:
    """What was pasted, and what Cloudflare says of it."""

    token: Secret
    verified: Verified
    until: float


class Drafts:
    """Drafts by whose they are (the key of the login or API token)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, Draft] = {}

    def keep(self, key: str, token: Secret, verified: Verified) -> None:
        """Keep it in place of an earlier one."""
        self._kept.pop(key, None)
        self._kept[key] = Draft(token, verified, self._clock.now() + LIFE)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def find(self, key: str) -> Draft | None:
        """Return the draft, None when there is none (any more)."""
        draft = self._kept.get(key)
        if draft is not None and self._clock.now() >= draft.until:
            del self._kept[key]
            return None
        return draft

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

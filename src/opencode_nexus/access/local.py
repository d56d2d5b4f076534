# SPDX-License-Identifier: MIT
"""The bearer of one run of the hub, which hub.json (mode 0600) hands to commands of the same system user."""

import hmac

from opencode_nexus.access.sessions import digest
from opencode_nexus.access.who import Who

LOCAL = Who(name="this machine", via="local")


class LocalKey:
    """Knows the bearer of this run; an empty one fits nothing."""

    def __init__(self, token: str) -> None:
        self._digest = digest(token) if token else None

    def fits(self, token: str) -> bool:
        """Whether `token` is the one; takes the same time wherever they differ."""
        return self._digest is not None and hmac.compare_digest(self._digest, digest(token))

# SPDX-License-Identifier: MIT
"""The hub's VAPID key among the kept secrets: made when it is first needed."""

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from opencode_nexus.secrets.redact import Secret

if TYPE_CHECKING:
    from opencode_nexus.notify.vapid import VapidKey

log = logging.getLogger(__name__)

NAME = "vapid"


class Vault(Protocol):
    """Named secrets (`secrets.vault.Vault`); its methods block."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...


class KeyKeeper:
    """Gives the key, the same one as long as the secrets are kept."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._key: VapidKey | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> "VapidKey":
        """Return the key; raises SecretsUnreadable, or OSError when a new one cannot be kept."""
        async with self._lock:
            if self._key is None:
                self._key = await asyncio.to_thread(self._load)
            return self._key

    def _load(self) -> "VapidKey":
        from opencode_nexus.notify.vapid import VapidKey  # a MB and more that a hub without devices never needs

        kept = self._vault.get(NAME)
        if kept is not None:
            try:
                return VapidKey.read(Secret(kept))
            except ValueError:
                log.error(
                    "the kept key for notifications is damaged: a new one is made, devices must be switched on anew"
                )
        key = VapidKey.make()
        self._vault.set(NAME, key.keep().reveal())
        return key

# SPDX-License-Identifier: MIT
"""Secrets that a person entrusts to us: in the system's keyring where one works, else sealed in a file."""

import logging
from typing import Protocol

from opencode_nexus.secrets.errors import SecretsUnreadable

log = logging.getLogger(__name__)

_IN_KEYRING = "\0in the keyring"  # stands in the sealed file in the secret's place; no secret of ours begins so


class Store(Protocol):
    """Named secrets (`sealed_file.SealedFile`, `keyring.SystemKeyring`)."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...


class Keyring(Store, Protocol):
    """A store that may not be there."""

    def works(self) -> bool: ...


class Vault:
    """Named secrets. The sealed file says which of them the keyring has, so that one without any is never asked.

    Its methods block, with a keyring for as long as its owner takes to unlock it: use a thread.
    """

    def __init__(self, sealed: Store, keyring: Keyring) -> None:
        self._sealed, self._keyring = sealed, keyring

    def get(self, name: str) -> str | None:
        """Return the secret, or None when there is none; raises SecretsUnreadable."""
        kept = self._sealed.get(name)
        if kept != _IN_KEYRING:
            return kept
        try:
            return self._keyring.get(name)
        except Exception as error:  # backends raise what they like, D-Bus errors among it
            raise SecretsUnreadable(
                f"The system's keyring does not give {name}: {error}.",
                hint="Unlock the keyring, start OpenCode Nexus within your desktop session, or enter the secret again.",
            ) from error

    def in_keyring(self, name: str) -> bool:
        """Whether the keyring has it; the keyring itself is not asked. Raises SecretsUnreadable."""
        return self._sealed.get(name) == _IN_KEYRING

    def set(self, name: str, value: str) -> None:
        """Keep `value` under `name`; raises SecretsUnreadable, or OSError when the file cannot be written."""
        if self._keyring.works():
            try:
                self._keyring.set(name, value)
            except Exception as error:
                log.warning("the system's keyring does not take a secret, so it is sealed in the file: %s", error)
            else:
                return self._sealed.set(name, _IN_KEYRING)
        self._sealed.set(name, value)

    def delete(self, name: str) -> None:
        """Forget `name`; no error when it is not there."""
        if self._sealed.get(name) == _IN_KEYRING:
            try:
                self._keyring.delete(name)
            except Exception as error:
                log.warning("the system's keyring still holds %s: %s", name, error)
        self._sealed.delete(name)

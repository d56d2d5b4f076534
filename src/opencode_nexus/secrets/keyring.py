# SPDX-License-Identifier: MIT
"""The system's keyring, where there is one that works."""

import logging
import secrets
from pathlib import Path

log = logging.getLogger(__name__)


def service_of(home: Path) -> str:
    """Return the service name below which the secrets of a home folder are kept."""
    return f"opencode-nexus {home}"


class SystemKeyring:
    """Named secrets in the system's keyring, below the service name `service`. Its methods may block: use a thread."""

    kind = "system keyring"

    def __init__(self, service: str) -> None:
        self._service = service

    def works(self) -> bool:
        """Try it: a headless machine has a keyring that only fails (seen on Debian: backends.fail, priority 0)."""
        try:
            import keyring

            if getattr(keyring.get_keyring(), "priority", 0) < 1:
                return False
            probe = secrets.token_hex(8)
            keyring.set_password(self._service, "probe", probe)
            found = keyring.get_password(self._service, "probe")
            keyring.delete_password(self._service, "probe")
        except Exception as error:  # backends raise what they like, D-Bus errors among it
            log.debug("no keyring: %s", error)
            return False
        return found == probe

    def get(self, name: str) -> str | None:
        """Return the secret, or None when there is none."""
        import keyring

        return keyring.get_password(self._service, name)

    def set(self, name: str, value: str) -> None:
        """Keep `value` under `name`."""
        import keyring

        keyring.set_password(self._service, name, value)

    def delete(self, name: str) -> None:
        """Forget `name`; no error when it is not there."""
        import keyring
        from keyring.errors import PasswordDeleteError

        try:
            keyring.delete_password(self._service, name)
        except PasswordDeleteError:
            return

# SPDX-License-Identifier: MIT
"""Named secrets in one file, sealed with AES-256-GCM; the key lies in a file of its own beside it.

Both files are readable by their owner alone (0600). That keeps them from other users and out of backups that leave the
key file out; it does not keep them from a program that runs as the same user (docs/explanation/threat-model.md).
"""

import json
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from opencode_nexus.secrets.errors import SecretsUnreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes, as AES-GCM takes it (NIST SP 800-38D)
_LABEL = b"opencode-nexus sealed file 1"


class SealedFile:
    """Named secrets in `folder`. Its methods block for about a millisecond; they may be called from any thread."""

    kind = "sealed file"

    def __init__(self, folder: Path) -> None:
        self._key, self._file = folder / "key", folder / "sealed.bin"
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        """Return the secret, or None when there is none; raises SecretsUnreadable."""
        with self._lock:
            return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Keep `value` under `name`; raises SecretsUnreadable, or OSError when it cannot be written."""
        with self._lock:
            self._write(self._read() | {name: value})

    def delete(self, name: str) -> None:
        """Forget `name`; no error when it is not there."""
        with self._lock:
            kept = self._read()
            if kept.pop(name, None) is not None:
                self._write(kept)

    def names(self) -> list[str]:
        """Return the names that are kept."""
        with self._lock:
            return sorted(self._read())

    def _cipher(self, make: bool) -> "AESGCM":
        # 7 MB that a hub which keeps no secret, and has started no server, never needs
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            key = self._key.read_bytes()
        except FileNotFoundError:
            if not make:
                raise SecretsUnreadable(f"{self._key} is missing.") from None
            key = secrets.token_bytes(32)
            _write_private(self._key, key)
        except OSError as error:
            raise SecretsUnreadable(f"{self._key}: {error.strerror}.") from error
        if len(key) != 32:
            raise SecretsUnreadable(f"{self._key} does not hold a key.")
        return AESGCM(key)

    def _read(self) -> dict[str, str]:
        try:
            sealed = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SecretsUnreadable(f"{self._file}: {error.strerror}.") from error
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._cipher(make=False).decrypt(sealed[:_NONCE], sealed[_NONCE:], _LABEL)
            kept: dict[str, str] = json.loads(plain)
        except (InvalidTag, ValueError) as error:
            raise SecretsUnreadable(f"{self._file} was damaged, or sealed with another key.") from error
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher(make=not self._file.exists()).encrypt(nonce, json.dumps(kept).encode(), _LABEL)
        _write_private(self._file, nonce + sealed)


def _write_private(path: Path, content: bytes) -> None:
    """Write the file in one step: a crash leaves the old one or the new one, never half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

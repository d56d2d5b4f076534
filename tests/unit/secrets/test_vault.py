# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from opencode_nexus.secrets.errors import SecretsUnreadable
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.secrets.vault import Vault


class Ring:
    """A keyring: `there` says whether it works; a locked one raises."""

    def __init__(self, there: bool = True) -> None:
        self.there, self.locked = there, False
        self.kept: dict[str, str] = {}

    def works(self) -> bool:
        return self.there

    def get(self, name: str) -> str | None:
        self._open()
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self._open()
        self.kept[name] = value

    def delete(self, name: str) -> None:
        self._open()
        self.kept.pop(name, None)

    def _open(self) -> None:
        if self.locked:
            raise RuntimeError("org.freedesktop.Secret.Error.IsLocked")


def test_a_secret_goes_to_the_keyring_and_not_into_the_file(tmp_path: Path) -> None:
    ring, sealed = Ring(), SealedFile(tmp_path)
    vault = Vault(sealed, ring)
    vault.set("tunnel", "eyJ-secret")
    assert (vault.get("tunnel"), ring.kept) == ("eyJ-secret", {"tunnel": "eyJ-secret"})
    assert "eyJ-secret" not in str([sealed.get(name) for name in sealed.names()])
    vault.delete("tunnel")
    assert (vault.get("tunnel"), ring.kept, sealed.names()) == (None, {}, [])


def test_without_a_keyring_it_is_sealed_and_the_keyring_is_never_asked(tmp_path: Path) -> None:
    ring = Ring(there=False)
    ring.locked = True
    vault = Vault(SealedFile(tmp_path), ring)
    vault.set("tunnel", "eyJ-secret")
    assert Vault(SealedFile(tmp_path), ring).get("tunnel") == "eyJ-secret"
    vault.delete("tunnel")
    assert vault.get("tunnel") is None


def test_a_keyring_that_was_locked_since_says_what_to_do(tmp_path: Path) -> None:
    ring = Ring()
    vault = Vault(SealedFile(tmp_path), ring)
    vault.set("tunnel", "eyJ-secret")
    ring.locked = True
    with pytest.raises(SecretsUnreadable, match="keyring does not give tunnel") as caught:
        vault.get("tunnel")
    assert "Unlock" in caught.value.hint
    vault.set("tunnel", "eyJ-other")  # what it does not take is sealed
    assert vault.get("tunnel") == "eyJ-other"

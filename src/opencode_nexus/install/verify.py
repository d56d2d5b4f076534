# SPDX-License-Identifier: MIT
"""Compares a file with the digest that was published for it."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from opencode_nexus.install.errors import DigestMismatch, ReleaseRefused

_STRONG = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Digest:
    """A published digest: `algorithm` as hashlib names it, `value` in lower-case hex."""

    algorithm: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:<hex>` (release pages) or `sha512-<base64>` (npm); raises ReleaseRefused for anything
        else.
        """
        try:
            if ":" in text:
                algorithm, _, value = text.partition(":")
                raw = bytes.fromhex(value)
            else:
                algorithm, _, value = text.partition("-")
                raw = base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            raise ReleaseRefused(f"The published digest {text!r} cannot be read.") from None
        algorithm = algorithm.lower()
        if algorithm not in _STRONG or len(raw) != hashlib.new(algorithm).digest_size:
            raise ReleaseRefused(f"The published digest {text!r} is not one that can be trusted.")
        return cls(algorithm, raw.hex())

    def check(self, file: Path) -> None:
        """Raise DigestMismatch unless `file` has this digest; reads it all, so call it in a thread."""
        with file.open("rb") as opened:
            got = hashlib.file_digest(opened, self.algorithm).hexdigest()
        if not hmac.compare_digest(got, self.value):
            raise DigestMismatch(
                f"{self.algorithm} is {got[:16]}…, published is {self.value[:16]}….",
                got=got,
                published=self.value,
            )

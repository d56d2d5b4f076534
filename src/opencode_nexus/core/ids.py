# SPDX-License-Identifier: MIT
"""Names for things, and secrets that cannot be guessed."""

import secrets
import time

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def new_id(prefix: str) -> str:
    """Return `<prefix>_` and 20 characters of a-z0-9: 9 of milliseconds (good until year 5188), 11 random (57 bits)."""
    milliseconds = _base36(time.time_ns() // 1_000_000, 9)
    return f"{prefix}_{milliseconds}{_base36(secrets.randbits(64), 11)}"


def new_token() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)

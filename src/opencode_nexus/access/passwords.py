# SPDX-License-Identifier: MIT
"""Argon2id off the event loop, at most two at a time, and the same work for a user who does not exist."""

import asyncio
import base64
import secrets
from typing import Protocol

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from opencode_nexus.access.rules import normal

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1  # OWASP's second choice; 35 ms on the machine it was measured on
SLOTS = 2  # hashes at one time: bounds memory to 38 MiB and leaves the machine to the agents


class Hasher(Protocol):
    """What is used of `argon2.PasswordHasher`."""

    def hash(self, password: bytes) -> str: ...
    def verify(self, hash: str, password: bytes) -> bool: ...  # noqa: A002 - the library's name
    def check_needs_rehash(self, hash: str) -> bool: ...  # noqa: A002


def argon2id() -> PasswordHasher:
    """The hasher with this release's parameters."""
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)


def nobodys_hash() -> str:
    """A PHC string of today's parameters that no password fits: random bytes stand where the hash would.

    Verifying against it costs what a real one costs, and making it costs nothing.
    """

    def unpadded(count: int) -> str:
        return base64.b64encode(secrets.token_bytes(count)).decode("ascii").rstrip("=")

    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${unpadded(16)}${unpadded(32)}"


class Passwords:
    """Makes and checks password hashes."""

    def __init__(self, hasher: Hasher | None = None) -> None:
        self._hasher: Hasher = hasher or argon2id()
        self._slots = asyncio.Semaphore(SLOTS)
        self._nobody = nobodys_hash()

    async def hash(self, password: str) -> str:
        """A new PHC string for `password`, with a fresh salt."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, _encode(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` fits the PHC string; None (no such user) takes the same work and is False."""
        async with self._slots:
            fits = await asyncio.to_thread(self._verify, stored or self._nobody, _encode(password))
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the PHC string was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _encode(password: str) -> bytes:
    # JSON may carry lone surrogates; they are somebody's wrong password, not our crash
    return normal(password).encode("utf-8", "surrogatepass")

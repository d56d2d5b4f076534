# SPDX-License-Identifier: MIT
"""The set-up code: proves that who sits at the browser also sees the terminal."""

import hashlib
import hmac
import math
import secrets
from collections import OrderedDict
from typing import Any

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_token
from opencode_nexus.setup.errors import SetupCodeWait, SetupCodeWrong
from opencode_nexus.setup.ports import Memory

# Crockford's base 32: no letters that look like digits. 12 characters are 60 bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
LENGTH, GROUP = 12, 4
LINK_LIFE = 600.0  # seconds until the link that the command opened must have been followed
VISIT_LIFE = 86_400.0  # seconds that a browser may take for the steps before the owner account
WRONG, WINDOW = 5, 60.0  # wrong codes a source may send in so many seconds
_SOURCES = 1_000  # sources that are remembered
_KEY = "setup-visits"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tidy(text: str) -> str:
    """Return a typed code in its one form: upper case, without hyphens, look-alikes as digits."""
    return text.strip().upper().translate(_ALIKE)


class SetupCode:
    """Makes the code of this start and lets browsers in that give it. Codes are kept as SHA-256, in memory
    only.
    """

    def __init__(self, kv: Memory, clock: Clock) -> None:
        self._kv, self._clock = kv, clock
        self._code: str | None = None
        self._link: tuple[str, float] | None = None
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def issue(self) -> str:
        """Return a new code, such as `7K2M-QX4P-9HTR`, for the terminal; the one before stops working."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
        self._code = _digest(code)
        return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))

    def link(self) -> str:
        """Return a secret for the address that the command itself opens: good once, for ten minutes.

        It is not the code: a command line of the browser can be seen by other users of the machine, so it
        must be worthless as soon as the browser has followed it.
        """
        secret = new_token()
        self._link = _digest(secret), self._clock.now() + LINK_LIFE
        return secret

    async def redeem(self, given: str, source: str) -> str:
        """Take a code or link from the sender `source`; return the token of the visit, for the cookie.

        Raises SetupCodeWrong, or SetupCodeWait after five wrong ones in a minute.
        """
        now = self._clock.now()
        wrong = [at for at in self._wrong.get(source, []) if at > now - WINDOW]
        if len(wrong) >= WRONG:
            left = max(1, math.ceil(wrong[0] + WINDOW - now))
            raise SetupCodeWait(f"Wait {left} s.", retry_after=left)
        if not (self._is_link(given, now) or self._is_code(given)):
            self._wrong[source] = [*wrong, now]
            self._wrong.move_to_end(source)
            while len(self._wrong) > _SOURCES:
                self._wrong.popitem(last=False)
            raise SetupCodeWrong()
        self._wrong.pop(source, None)
        token = new_token()
        await self._kv.set(_KEY, {**self._visits(), _digest(token): now + VISIT_LIFE})
        return token

    def _is_code(self, given: str) -> bool:
        # both sides are digests of one length, so the comparison takes the same time wherever they differ
        return self._code is not None and hmac.compare_digest(_digest(tidy(given)), self._code)

    def _is_link(self, given: str, now: float) -> bool:
        if self._link is None or now >= self._link[1] or not hmac.compare_digest(_digest(given), self._link[0]):
            return False
        self._link = None
        return True

    def _visits(self) -> dict[str, float]:
        stored: dict[str, Any] = self._kv.get(_KEY, {})
        return {digest: until for digest, until in stored.items() if until > self._clock.now()}

    def holds(self, token: str) -> bool:
        """Whether `token` is of a browser that gave the code."""
        return bool(token) and _digest(token) in self._visits()

    async def end(self) -> None:
        """Make the code, the link and all visits worthless: there is an owner now, who signs in."""
        self._code = self._link = None
        await self._kv.set(_KEY, {})

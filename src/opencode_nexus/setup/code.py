# SPDX-License-Identifier: MIT
"""The set-up code: proves that who sits at the browser also sees the terminal, or a browser that is in."""

import asyncio
import hashlib
import hmac
import math
import secrets
from collections import OrderedDict
from typing import Any

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_token
from opencode_nexus.setup.errors import SetupCodeUsed, SetupCodeWait, SetupCodeWrong, SetupLinkUsed
from opencode_nexus.setup.ports import Memory

# Crockford's base 32: no letters that look like digits. 12 characters are 60 bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
LENGTH, GROUP = 12, 4
LINK_LIFE = 600.0  # seconds until the link that the command opened must have been followed
VISIT_LIFE = 86_400.0  # seconds that a browser may take for the steps before the owner account
WRONG, WINDOW = 5, 60.0  # wrong codes a source may send in so many seconds
_SOURCES = 1_000  # sources that are remembered
_USED = 20  # used codes that are remembered, so that one given twice is told apart from a wrong one
_KEY = "setup-visits"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _new() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))


def _grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def tidy(text: str) -> str:
    """Return a typed code in its one form: upper case, without hyphens, look-alikes as digits."""
    return text.strip().upper().translate(_ALIKE)


class SetupCode:
    """Makes the codes. Each lets one browser in, and no other: a second one may be a stranger's, who read it over a
    shoulder. A browser that is in can show a code for one more. The next start prints another code, and whoever gives
    that takes the place of all before. Codes are kept as SHA-256, in memory only.
    """

    def __init__(self, kv: Memory, clock: Clock) -> None:
        self._kv, self._clock = kv, clock
        self._code: str | None = None
        self._invited: tuple[str, float] | None = None  # the code for a further device
        self._used: list[str] = []  # the codes of this start that let a browser in, the newest last
        self._link: tuple[str, float] | None = None
        self._entering = asyncio.Lock()
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def issue(self) -> str:
        """Return a new code, such as `7K2M-QX4P-9HTR`, for the terminal; the one before stops working."""
        code = _new()
        self._code, self._invited, self._used = _digest(code), None, []
        return _grouped(code)

    def invite(self) -> str:
        """Return a code for a further device, shown in a browser that is in; good once, for ten minutes.

        The one shown before stops working.
        """
        code = _new()
        self._invited = _digest(code), self._clock.now() + LINK_LIFE
        return _grouped(code)

    def link(self) -> str:
        """Return a secret for the address that the command itself opens: good once, for ten minutes.

        It is not the code: a command line of the browser can be seen by other users of the machine, so it
        must be worthless as soon as the browser has followed it.
        """
        secret = new_token()
        self._link = _digest(secret), self._clock.now() + LINK_LIFE
        return secret

    async def redeem(self, given: str, source: str) -> str:
        """Take a code from the sender `source`; return the token of the visit, for the cookie.

        Raises SetupCodeWrong, SetupCodeUsed, or SetupCodeWait after five wrong ones in a minute. The right one is
        taken whatever came before: of 60 bits none is guessed, and a stranger behind the same address shall shut
        nobody out.
        """
        now = self._clock.now()
        # both sides are digests of one length, so the comparison takes the same time wherever they differ
        digest = _digest(tidy(given))
        if self._code is not None and hmac.compare_digest(digest, self._code):
            self._wrong.pop(source, None)
            return await self._let_in()
        if self._invited is not None and now < self._invited[1] and hmac.compare_digest(digest, self._invited[0]):
            self._wrong.pop(source, None)
            return await self._let_in(further=True)
        if any(hmac.compare_digest(digest, used) for used in self._used):
            raise SetupCodeUsed()
        wrong = [at for at in self._wrong.get(source, []) if at > now - WINDOW]
        if len(wrong) >= WRONG:
            left = max(1, math.ceil(wrong[0] + WINDOW - now))
            raise SetupCodeWait(f"Wait {left} s.", retry_after=left)
        self._wrong[source] = [*wrong, now]
        self._wrong.move_to_end(source)
        while len(self._wrong) > _SOURCES:
            self._wrong.popitem(last=False)
        raise SetupCodeWrong()

    async def follow(self, given: str) -> str:
        """Take the secret of a link; return the token of the visit. Raises SetupLinkUsed.

        Nothing is counted: another site could send a browser here with wrong ones, and lock its owner out. There is
        no need either, with 256 bits.
        """
        link, now = self._link, self._clock.now()
        if link is None or now >= link[1] or not hmac.compare_digest(_digest(given), link[0]):
            raise SetupLinkUsed()
        return await self._let_in()

    async def _let_in(self, *, further: bool = False) -> str:
        """A further device comes in beside those that are; with the start's own code or link it takes their place."""
        if self._invited is not None:
            self._used = [*self._used, self._invited[0]][-_USED:]
        if self._code is not None and not further:
            self._used = [*self._used, self._code][-_USED:]
        self._invited = None
        if not further:
            self._code = self._link = None
        token = new_token()
        async with self._entering:
            others = self._visits() if further else {}
            await self._kv.set(_KEY, {**others, _digest(token): self._clock.now() + VISIT_LIFE})
        return token

    def _visits(self) -> dict[str, float]:
        stored: dict[str, Any] = self._kv.get(_KEY, {})
        return {digest: until for digest, until in stored.items() if until > self._clock.now()}

    def holds(self, token: str) -> bool:
        """Whether `token` is of a browser that gave the code."""
        return bool(token) and _digest(token) in self._visits()

    async def end(self) -> None:
        """Make the code, the link and all visits worthless: there is an owner now, who signs in."""
        self._code = self._link = self._invited = None
        self._used = []
        await self._kv.set(_KEY, {})

# SPDX-License-Identifier: MIT
"""Connecting a phone: a link with a secret that works once, and the devices that came in by one.

The secret stands in the address after the #: browsers send that part to nobody, so it comes into no log on the way,
and a messenger that fetches the link for a preview does not even have it.
"""

from dataclasses import dataclass, field

from opencode_nexus.access.access import Access
from opencode_nexus.access.activity_log import ActivityLog
from opencode_nexus.access.errors import DeviceNameBad, LoginNotFound, NoOwner, PairingGone, TokenNotFound
from opencode_nexus.access.sessions import LONGEST_TOKEN, digest
from opencode_nexus.access.who import Who
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id, new_token
from opencode_nexus.store.audit import Audit
from opencode_nexus.store.db import Database
from opencode_nexus.store.logins import LoginRow
from opencode_nexus.store.pairings import HERE, PairingRow, Pairings

LIFE = 300.0  # seconds in which a link must be used
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that was just made; `secret` exists nowhere else. `expires` in epoch seconds."""

    id: str
    name: str
    secret: str = field(repr=False)
    expires: float

    @property
    def path(self) -> str:
        """The address below the base path."""
        return f"/pair#{self.secret}"


class Pairing:
    """Makes links, takes them, and lists the devices that are connected."""

    def __init__(self, *, db: Database, clock: Clock, access: Access, activity: ActivityLog | None = None) -> None:
        self._rows, self._audit = Pairings(db), Audit(db, timeline=activity)
        self._clock, self._access, self._activity = clock, access, activity

    async def invite(self, who: Who, name: str, *, source: str, here: bool = False) -> Invitation:
        """A link for one device of this name, good once and for five minutes. Raises DeviceNameBad or NoOwner.

        It ends with the login or token of `who`. Whether the password was given lately is the caller's to ask.
        `here`: for a browser of this machine and of the hub's own user alone; whose it is, the page asks.
        """
        name, user_id = checked_name(name), self._account(who)
        secret, now = new_token(), self._clock.now()
        row = PairingRow(
            id=new_id(HERE if here else "pair"),
            user_id=user_id,
            user_name="",
            login_id=who.key if who.via == "session" else None,
            token_id=who.key if who.via == "token" else None,
            name=name,
            created=now,
            expires=now + LIFE,
        )
        await self._rows.add(row, digest(secret))
        await self._audit.add(now, "pairing-made", who.name, source, device=name)
        return Invitation(row.id, name, secret, row.expires)

    def waiting(self, who: Who) -> list[PairingRow]:
        """The links that were not used yet, the newest first."""
        return self._rows.of_user(self._account(who), self._clock.now())

    async def cancel(self, who: Who, pairing_id: str) -> None:
        """Takes a link back; no error when it is gone already."""
        await self._rows.remove(pairing_id, self._account(who))

    def look(self, secret: str) -> PairingRow:
        """What the link with this secret is for; it stays good. Raises PairingGone."""
        return self._good(self._rows.by_hash(digest(secret)) if len(secret) <= LONGEST_TOKEN else None)

    async def redeem(self, secret: str, name: str, *, agent: str, address: str, remote: bool) -> str:
        """Signs the device in for 30 days; gives the session token for the cookie. The link is used up.

        One that an API token made lets it in no longer than the token holds: a program hands on no more than it has.
        `name`: what its holder calls it, "" for the name in the link. Raises DeviceNameBad, which leaves the link
        good, or PairingGone. Wrong secrets are not counted: of 256 bits none is guessed.
        """
        found = self.look(secret)
        name = checked_name(name or found.name)
        taken = self._good(await self._rows.take(digest(secret)))
        try:
            token = await self._access.admit_device(
                taken.user_id, name, agent=agent, address=address, remote=remote, token_id=taken.token_id
            )
        except TokenNotFound:  # a moment ago
            raise PairingGone() from None
        if self._activity is not None:
            await self._activity.add("device-paired", f"{name} is connected, from {address}.", level="success")
        return token

    def devices(self, who: Who) -> list[LoginRow]:
        """The connected devices, last used first; the id of each is that of its login."""
        return [row for row in self._access.logins(self._account(who)) if row.device]

    async def revoke(self, who: Who, device_id: str, *, source: str) -> None:
        """Shuts one device out; its streams end at once. Raises LoginNotFound."""
        if not any(row.id == device_id for row in self.devices(who)):
            raise LoginNotFound()
        await self._access.revoke_login(self._account(who), device_id, source=source)

    def _account(self, who: Who) -> str:
        if who.user_id:
            return who.user_id
        owner = next(iter(self._access.users()), None)  # the machine's own user acts for the owner
        if owner is None:
            raise NoOwner()
        return owner.id

    def _good(self, row: PairingRow | None) -> PairingRow:
        # a time left longer than it can be is from before a jump of the clock
        if row is None or not 0 < row.expires - self._clock.now() <= LIFE:
            raise PairingGone()
        return row


def checked_name(name: str) -> str:
    """The name of a device in its one form. Raises DeviceNameBad."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise DeviceNameBad()
    return name

# SPDX-License-Identifier: MIT
"""The service that lets people and programs in: used by pages, API, set-up and commands."""

import logging
from collections.abc import Callable, Iterable

from opencode_nexus.access.activity_log import ActivityLog
from opencode_nexus.access.endings import Endings
from opencode_nexus.access.errors import (
    CurrentPasswordWrong,
    LoginNotFound,
    NoOwner,
    OwnerExists,
    UserNotFound,
    WrongLogin,
)
from opencode_nexus.access.local import LOCAL, LocalKey
from opencode_nexus.access.lockout import FAILURES, LOCK, Lockout, locked
from opencode_nexus.access.passwords import Passwords
from opencode_nexus.access.rules import check_name, check_password, name_key
from opencode_nexus.access.sessions import Sessions
from opencode_nexus.access.tokens import ApiTokens
from opencode_nexus.access.user_info import UserInfo
from opencode_nexus.access.who import Who
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.store.audit import Audit, AuditRow
from opencode_nexus.store.db import Database
from opencode_nexus.store.lockouts import Lockouts
from opencode_nexus.store.logins import LoginRow, Logins
from opencode_nexus.store.pairings import Pairings
from opencode_nexus.store.tokens import TokenRow, Tokens
from opencode_nexus.store.users import UserRow, Users

log = logging.getLogger(__name__)

COMMAND = "command"  # the source of what is done on the command line, in the audit log


class Access:
    """Accounts, logins and tokens over one database.

    Publishes bus topic `access` with {"began": [ids]} for new logins and {"ended": [ids]} when logins or tokens end.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        bus: Bus | None = None,
        activity: ActivityLog | None = None,
        local_token: str = "",
        passwords: Passwords | None = None,
        lockout: Lockout | None = None,
    ) -> None:
        self._clock, self._bus, self._activity = clock, bus, activity
        self._users, self._audit = Users(db), Audit(db, timeline=activity)
        self._passwords = passwords or Passwords()
        self._lockout = lockout or Lockout(Lockouts(db), clock)
        self._sessions, self._pairings = Sessions(Logins(db), clock), Pairings(db)
        self._tokens = ApiTokens(Tokens(db), clock)
        self._local = LocalKey(local_token)
        self._has_owner = False
        self._endings = Endings(bus)

    async def open(self) -> None:
        """Tidies what ran out while nobody looked; needs the database open."""
        await self._sessions.prune()
        await self._lockout.prune()

    def has_owner(self) -> bool:
        """Whether the owner account was made."""
        # asked at each request and never undone, so once seen it is not looked up again
        self._has_owner = self._has_owner or self._users.count() > 0
        return self._has_owner

    async def create_owner(self, name: str, password: str, *, source: str = COMMAND) -> str:
        """Makes the owner account; gives its id. Raises UserNameBad, PasswordWeak or OwnerExists."""
        name = check_name(name)
        password = check_password(password, name)
        if self.has_owner():
            raise OwnerExists()
        now, user_id = self._clock.now(), new_id("usr")
        stored = await self._passwords.hash(password)
        if not await self._users.add_first(UserRow(user_id, name, name_key(name), stored, now, now, None)):
            raise OwnerExists()
        await self._audit.add(now, "owner-created", name, source)
        return user_id

    async def owner_matches(self, name: str, password: str) -> bool:
        """Whether the owner account has this name and password: for a set-up command that runs a second time.

        Counts nothing, so it is for the machine's own user only, never for a request.
        """
        user = self._users.by_key(name_key(name))
        return await self._passwords.verify(user.password if user else None, password)

    # -- signing in and out ------------------------------------------------------------------------

    async def login(
        self,
        username: str,
        password: str,
        source: str,
        stay: bool = False,
        *,
        agent: str = "",
        address: str = "",
        remote: bool = False,
    ) -> str:
        """Signs somebody in; gives the session token for the cookie.

        `source` is what failures are counted by, `address` what is shown and logged (default: the source);
        `remote`: it came through a tunnel. Raises WrongLogin, LoginLocked or LoginBusy, each alike for names that
        exist and names that do not.
        """
        user = await self._checked(username, password, source, address or source, "login")
        if self._passwords.outdated(user.password):
            fresh = await self._passwords.hash(password)
            await self._users.set_password(user.id, fresh, None, expected=user.password)
        return await self._begin(user, "login", address or source, agent, stay=stay, remote=remote)

    async def admit_device(
        self, user_id: str, device: str, *, agent: str, address: str, remote: bool, token_id: str | None = None
    ) -> str:
        """Signs a device in without a password, for `pairing`, which has seen its link; gives the session token.

        `token_id`: the API token that made the link: the device stays in no longer than that holds. Raises
        UserNotFound or TokenNotFound.
        """
        user = self._users.by_id(user_id)
        if user is None:
            raise UserNotFound()
        until = None if token_id is None else self._tokens.until(token_id)
        return await self._begin(
            user,
            "device-paired",
            address,
            agent,
            stay=True,
            remote=remote,
            device=device,
            token_id=token_id,
            until=until,
        )

    async def _begin(
        self,
        user: UserRow,
        kind: str,
        address: str,
        agent: str,
        *,
        stay: bool,
        remote: bool,
        device: str = "",
        token_id: str | None = None,
        until: float | None = None,
    ) -> str:
        token, row = await self._sessions.start(
            user.id, user.name, address, agent, stay, remote=remote, device=device, token_id=token_id, until=until
        )
        await self._users.signed_in(user.id, row.created)
        detail = {"login": row.id, "stay": stay, "remote": remote, **({"device": device} if device else {})}
        await self._audit.add(row.created, kind, user.name, address, **detail)
        if self._bus is not None:
            self._bus.publish("access", {"began": [row.id]})
        return token

    async def _checked(self, username: str, password: str, source: str, address: str, kind: str) -> UserRow:
        """The account that name and password fit; otherwise counts, waits, logs and raises."""
        with self._lockout.admitted(username, source) as known:
            left = await self._lockout.begin(username, source, known)
            user = self._users.by_key(name_key(username))
            fits = await self._passwords.verify(user.password if user else None, password)
            if fits and user is not None:
                await self._lockout.succeeded(username, source)
                return user
        await self._audit.add(self._clock.now(), f"{kind}-failed", user.name if user else "", address, tries_left=left)
        if left <= 0:
            log.warning("sign-in locked for %s after %d failures", address, FAILURES)
            if self._activity is not None:
                text = f"Sign-in from {address} is locked for {LOCK // 60:.0f} minutes: {FAILURES} wrong passwords."
                await self._activity.add("login-locked", text, level="warning")
            raise locked(LOCK)
        raise WrongLogin(f"{left} more wrong tr{'y' if left == 1 else 'ies'} and this address has to wait.")

    async def logout(self, token: str, *, source: str = "") -> bool:
        """Ends the login of this session token, here and for good; False when there is none."""
        row = self._sessions.find(token)
        if row is None:
            return False
        await self._end(row, "logout", source or row.source)
        return True

    async def _end(self, row: LoginRow, kind: str, source: str) -> None:
        await self._sessions.end(row.id, row.user_id)
        self._endings.add([row.id])
        await self._audit.add(self._clock.now(), kind, row.user_name, source, login=row.id)

    # -- at each request ---------------------------------------------------------------------------

    def authenticate(self, token: str, *, remote: bool = False) -> Who | None:
        """Whose session token this is, None when it does not hold. A point read, some 35 us.

        `remote`: it came through a tunnel, where a login that was opened on this side does not hold: a cookie that
        was taken from this machine is worth nothing outside.
        """
        row = self._sessions.find(token)
        if row is None or (remote and not row.remote):
            return None
        return Who(row.user_name, "session", user_id=row.user_id, key=row.id, expires=row.expires)

    def is_local_key(self, token: str) -> bool:
        """Whether this is the key of commands on this machine."""
        return self._local.fits(token)

    def bearer(self, token: str, *, remote: bool = False) -> Who | None:
        """Whose API token (or local key) this is, None when it does not hold.

        `remote`: it came through a tunnel, where the local key is worth nothing.
        """
        if self._local.fits(token):
            return None if remote else LOCAL
        row = self._tokens.find(token)
        if row is None:
            return None
        name = f"{row.user_name} ({row.name})"
        return Who(name, "token", frozenset(row.scopes), row.user_id, row.id, row.expires)

    def ended_here(self, who: Who) -> bool:
        """Whether this hub ended the login or token, or its time ran out; two comparisons, cheap."""
        return who.key in self._endings or (who.expires is not None and self._clock.now() >= who.expires)

    def when_ended(self, who: Who, tell: Callable[[], None]) -> Callable[[], None]:
        """Call `tell` as soon as this hub ends the login or token; returns a function that forgets it."""
        return self._endings.watch(who.key, tell)

    def holds(self, who: Who) -> bool:
        """Whether somebody let in earlier still is, by the database: another process may have ended it."""
        if who.expires is not None and self._clock.now() >= who.expires:
            return False
        if who.via == "session":
            return self._sessions.holds(who.key)
        return who.via != "token" or self._tokens.holds(who.key)

    def fresh(self, who: Who) -> bool:
        """Whether the password was given within ten minutes; programs, which have none, always are."""
        return who.via != "session" or self._sessions.fresh(who.key)

    async def confirm(self, login_id: str, password: str, *, source: str, address: str = "") -> None:
        """Takes the password again for a login that is no longer fresh; wrong tries count like those at the login.

        Raises CurrentPasswordWrong, LoginLocked, LoginBusy, or LoginNotFound when the login ended meanwhile.
        """
        row = self._sessions.by_id(login_id)
        if row is None:
            raise LoginNotFound()
        try:
            await self._checked(row.user_name, password, source, address or source, "confirm")
        except WrongLogin as error:
            raise CurrentPasswordWrong(error.detail) from error
        await self._sessions.confirm(login_id)

    # -- accounts ----------------------------------------------------------------------------------

    async def change_password(
        self, user_id: str, current: str, new: str, *, keep: str | None, source: str, address: str = ""
    ) -> int:
        """Sets a new password after checking the present one; ends all other logins (`keep`: our own).

        Gives how many ended. Wrong tries count like those at the login. Raises CurrentPasswordWrong,
        PasswordWeak, LoginLocked or LoginBusy.
        """
        user = self._users.by_id(user_id)
        if user is None:
            raise UserNotFound()
        new = check_password(new, user.name)
        try:
            await self._checked(user.name, current, source, address or source, "password-change")
        except WrongLogin as error:
            raise CurrentPasswordWrong(error.detail) from error
        ended = await self._set_password(user, new, keep, address or source)
        if keep is not None:
            await self._sessions.confirm(keep)
        return ended

    async def set_password(self, name: str, new: str, *, source: str = COMMAND) -> int:
        """Sets a new password without the present one (for commands); ends the account's logins and locks.

        Gives how many logins ended. Raises UserNotFound or PasswordWeak.
        """
        user = self._named(name)
        ended = await self._set_password(user, check_password(new, user.name), None, source)
        await self._lockout.unlock(user.name)
        return ended

    async def _set_password(self, user: UserRow, new: str, keep: str | None, source: str) -> int:
        now = self._clock.now()
        await self._users.set_password(user.id, await self._passwords.hash(new), now)
        ended = await self._sessions.end_others(user.id, keep)
        self._endings.add(ended)
        await self._audit.add(now, "password-changed", user.name, source, logins_ended=len(ended))
        return len(ended)

    async def unlock(self, name: str, *, source: str = COMMAND) -> int:
        """Ends the locks of the account; gives the number of sources freed. Raises UserNotFound."""
        user = self._named(name)
        freed = await self._lockout.unlock(user.name)
        await self._audit.add(self._clock.now(), "unlocked", user.name, source, sources=freed)
        return freed

    def users(self) -> list[UserInfo]:
        """Every account."""
        return [
            UserInfo(
                user.id,
                user.name,
                user.created,
                user.password_changed,
                user.last_login,
                len(self._sessions.of_user(user.id)),
                tuple(self._lockout.locked_sources(user.name)),
            )
            for user in self._users.all()
        ]

    def _named(self, name: str) -> UserRow:
        user = self._users.by_key(name_key(name))
        if user is None:
            raise UserNotFound(f"It was asked for as {name!r}.")
        return user

    # -- signed-in devices -------------------------------------------------------------------------

    def logins(self, user_id: str) -> list[LoginRow]:
        """The user's signed-in browsers, last seen first."""
        return self._sessions.of_user(user_id)

    async def revoke_login(self, user_id: str, login_id: str, *, source: str) -> None:
        """Ends one login of the user. Raises LoginNotFound."""
        for row in self._sessions.of_user(user_id):
            if row.id == login_id:
                return await self._end(row, "login-revoked", source)
        raise LoginNotFound()

    async def revoke_other_logins(self, user_id: str, keep: str | None, *, source: str) -> int:
        """Ends all logins of the user but `keep`; gives how many."""
        ended = await self._sessions.end_others(user_id, keep)
        self._endings.add(ended)
        user = self._users.by_id(user_id)
        name = user.name if user else ""
        await self._audit.add(self._clock.now(), "logins-revoked", name, source, logins_ended=len(ended))
        return len(ended)

    async def end_remote(self, *, source: str) -> int:
        """Ends every login that was opened through a tunnel, and all links that would make one; gives how many."""
        await self._pairings.remove_all()
        ended = await self._sessions.end_remote()
        self._endings.add(ended)
        name = next((user.name for user in self._users.all()), "")
        await self._audit.add(self._clock.now(), "remote-ended", name, source, logins_ended=len(ended))
        return len(ended)

    # -- API tokens --------------------------------------------------------------------------------

    def tokens(self) -> list[TokenRow]:
        """Every API token, oldest first."""
        return self._tokens.all()

    async def create_token(
        self, name: str, scopes: Iterable[str] = ("all",), days: int | None = None, *, source: str = COMMAND
    ) -> tuple[str, TokenRow]:
        """A new API token of the owner and its row; the token itself is never shown again.

        Raises NoOwner, TokenUnusable or TokenExists.
        """
        owners = self._users.all()
        if not owners:
            raise NoOwner()
        token, row = await self._tokens.create(owners[0].id, owners[0].name, name, scopes, days)
        await self._audit.add(
            row.created, "token-created", row.user_name, source, token=row.name, scopes=list(row.scopes)
        )
        return token, row

    async def revoke_token(self, id_or_name: str, *, source: str = COMMAND) -> TokenRow:
        """Revokes an API token, and signs out the devices connected by it; gives what it was. Raises TokenNotFound."""
        row, devices = await self._tokens.revoke(id_or_name)
        self._endings.add([row.id, *devices])
        detail = {"token": row.name, **({"logins_ended": len(devices)} if devices else {})}
        await self._audit.add(self._clock.now(), "token-revoked", row.user_name, source, **detail)
        return row

    def audit(self, limit: int = 50) -> list[AuditRow]:
        """The newest lines of the audit log, newest first."""
        return self._audit.recent(limit)

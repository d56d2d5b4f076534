# SPDX-License-Identifier: MIT
"""A server that runs elsewhere: connected to and watched, never started, never ended."""

import asyncio
import logging

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.address import is_plain
from opencode_nexus.fleet.attached_errors import NotOpenCode, PasswordRefused, Unreachable
from opencode_nexus.fleet.errors import NotOurs, StartFailed, StartStopped
from opencode_nexus.fleet.logins import Logins
from opencode_nexus.fleet.reach import ANSWER, Login, connect, greet, lacks
from opencode_nexus.fleet.seen import Elsewhere
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.state import ServerAccess
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.opencode.api import Client
from opencode_nexus.processes.health import SILENT_AFTER, Silence
from opencode_nexus.store.servers import ServerRow

log = logging.getLogger(__name__)

PLAIN = "It is reached by http, so its password and all that is said can be read on the way: use https or a tunnel."
FIRST, LONGEST = 1.0, 60.0  # seconds between two tries to connect, doubling
CLOSED = 2  # looks in a row that find nobody listening: a server that is started anew there takes some 3 s
WATCH = 10.0  # seconds between two looks, as far apart as its own heartbeats
SLOW = (
    300.0  # seconds between two tries while it refuses the password, or something else answers: only people mend that
)


class Attached(Server):
    """To start it is to connect, to stop it is to let go of it."""

    def __init__(self, row: ServerRow, around: Surroundings, logins: Logins) -> None:
        super().__init__(row, around)
        self._logins = logins
        self._looking: asyncio.Task[None] | None = None
        self._checked: tuple[str, tuple[str, ...]] | None = None  # a version, and what its document lacks

    async def restart(self, *, by_hand: bool = True) -> None:
        """Raises NotOurs."""
        raise NotOurs(f"{self.row.name} is at {self.row.address}.")

    async def start_unasked(self) -> None:
        """Connect without anybody waiting for it; what fails is tried again."""
        try:
            await self.start(by_hand=False)
        except StartFailed as error:
            log.info("%s: %s", self.row.id, error)

    async def busy(self) -> bool:
        """Tell whether an agent works on it, as last heard."""
        return await self._around.busy(self.row.id)

    def leave(self) -> None:
        """Let go of it, to connect again when the hub starts next."""
        self._look_no_more()

    async def reconnect(self) -> None:
        """Connect anew, with what it is wanted with now; raises StartFailed."""
        async with self._lock:
            self._look_no_more()
            self.seen.elsewhere = None
        await self.start()

    # -- connecting ----------------------------------------------------------------------------------------------

    async def _start(self, by_hand: bool) -> None:
        async with self._lock:
            if self.seen.state == "running":
                return
            if self._stop.is_set() or self._removed:
                raise StartStopped()
            self._look_no_more()
            self.seen.become("starting", f"{self.row.address} is asked.")
            try:
                await self._connect()
            except NexusError as caught:
                error = _as_start_failed(caught)
                await self._failed(error, tell=by_hand)
                raise error from caught
            self._looking = self._around.tasks.spawn(self._look_after(), f"watch {self.row.id}")

    async def _connect(self) -> None:
        login = await self._logins.of(self.row.id)
        if login is None:
            raise PasswordRefused("Its password is no longer kept here.")
        client = connect(self.row.address, login)
        try:
            version = await greet(client)
            if self._checked is None or self._checked[0] != version:
                lacking = await lacks(client)
                self._checked = None if lacking is None else (version, lacking)
        finally:
            await client.close()
        access = ServerAccess(self.row.address, login.username, login.password)
        before, lacking = self.seen.state, self._checked[1] if self._checked else ()
        self.seen.elsewhere = Elsewhere(access, version, lacking)
        plain = await asyncio.to_thread(is_plain, self.row.address)
        self.seen.become("running", " ".join(filter(None, (self._around.judge(version), PLAIN if plain else ""))))
        if before != "running":
            await self.seen.note("server-connected", f"{self.row.name} is connected.", "success")

    async def _failed(self, error: StartFailed, *, tell: bool) -> None:
        """Say so, and try until it is connected, ever more seldom."""
        self.seen.elsewhere = None
        pause = self._wait(error, 0)
        self._looking = self._around.tasks.spawn(self._try_again(pause), f"reconnect {self.row.id}")
        if tell:
            await self.seen.note("server-unreachable", f"{self.row.name} cannot be used. {error}", "warning")

    def _wait(self, error: StartFailed, tries: int) -> float:
        """Show what is wrong, and when it is tried again; returns the seconds until then."""
        pause = SLOW if isinstance(error, PasswordRefused | NotOpenCode) else min(LONGEST, FIRST * 2 ** min(tries, 16))
        self.seen.become("failed", f"{error} {error.hint}", retry_at=self._clock.now() + pause)
        return float(pause)

    async def _try_again(self, pause: float) -> None:
        tries = 0
        while True:
            await asyncio.sleep(pause)
            try:
                await self._connect()
            except NexusError as caught:
                tries += 1
                pause = self._wait(_as_start_failed(caught), tries)
            else:
                self._looking = self._around.tasks.spawn(self._look_after(), f"watch {self.row.id}")
                return

    # -- while it is connected -----------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        """Ask again and again, until it is lost: who tells events or answers lives."""
        assert self.seen.elsewhere is not None
        access = self.seen.elsewhere.access
        client, clock = connect(access.base_url, Login(access.username, access.password)), self._clock
        silence, looked, closed = Silence(most=WATCH + ANSWER), clock.monotonic(), 0
        try:
            while True:
                await asyncio.sleep(WATCH)
                error = await self._look(client)
                heard = self._around.heard(self.row.id)
                lives = error is None or (heard is not None and heard >= looked)
                looked = clock.monotonic()
                closed = closed + 1 if error is not None and error.data.get("closed") else 0
                silent = silence.look(looked, lives=lives) >= SILENT_AFTER
                if error is not None and (silent or closed >= CLOSED or not isinstance(error, Unreachable)):
                    break
        finally:
            await client.close()
        await self._failed(error, tell=True)

    async def _look(self, client: Client) -> StartFailed | None:
        """Ask once; what is wrong, None when it answers. One that was started anew as another version is noted."""
        try:
            version = await greet(client)
            if self.seen.elsewhere is not None and version != self.seen.elsewhere.version:
                await self._connect()
        except NexusError as error:
            return _as_start_failed(error)
        return None

    # -- letting go ----------------------------------------------------------------------------------------------

    async def _end(self, for_good: bool) -> None:
        async with self._lock:
            self._look_no_more()
            self._removed = for_good
            self.seen.elsewhere = None
            if self.seen.state != "stopped":
                self.seen.become("stopped", "OpenCode Nexus does not watch it now. It may go on where it is.")
                await self.seen.note("server-left", f"{self.row.name} was let go of. It was not stopped.")

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None


def _as_start_failed(error: NexusError) -> StartFailed:
    return error if isinstance(error, StartFailed) else StartFailed(str(error), hint=error.hint)

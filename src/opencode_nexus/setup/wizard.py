# SPDX-License-Identifier: MIT
"""The set-up as a service: each step's work, and all of them at once for the command."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from opencode_nexus.access.errors import OwnerExists
from opencode_nexus.access.rules import check_name, check_password, name_key
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.install.check import Checked
from opencode_nexus.install.errors import InstallError
from opencode_nexus.install.installer import VERSION, Found, Installer
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.setup import checks
from opencode_nexus.setup.code import SetupCode
from opencode_nexus.setup.errors import CheckStops, StepMissing
from opencode_nexus.setup.ports import Memory, Model, Opener, Owners, Server, Servers, Tunnels
from opencode_nexus.setup.project import folder, suggestion
from opencode_nexus.setup.state import PAGES, STEP_OF, STEPS, Page, Plan, Remote, State, after
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import TunnelNotFound
from opencode_nexus.tunnels.status import TunnelInfo

log = logging.getLogger(__name__)

SERVER_NAME = "OpenCode"
TUNNEL = "My tunnel"
# it has another address at each start, so it does not start unasked; and it closes when nobody needs it
QUICK = TunnelConfig("Quick tunnel", "quick", stop_idle=8 * 3600.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a whole set-up gave: `created` says whether the owner account is new, `checks` what the system
    check found, `warnings` what of it to look at.
    """

    owner: str
    created: bool
    server_id: str
    started: bool
    project: str
    opencode: str
    version: str
    practice: bool
    checks: tuple[checks.Check, ...]
    warnings: tuple[str, ...]


class Wizard:
    """Leads from an empty home folder to a running server; `code` lets browsers in before there is an owner."""

    def __init__(
        self,
        *,
        home: Path,
        kv: Memory,
        clock: Clock,
        installer: Installer,
        access: Owners,
        fleet: Servers,
        practice: Model,
        tunnels: Tunnels,
        opener: Opener,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.installer, self.code = installer, SetupCode(kv, clock)
        self._home, self._access, self._fleet = home, access, fleet
        self._practice, self._environ = practice, environ
        self._tunnels, self._opener = tunnels, opener
        self._state = State(kv)
        self._finishing = asyncio.Lock()
        self._opening: asyncio.Task[tuple[Server, str]] | None = None

    @property
    def done(self) -> bool:
        """Whether the set-up was finished; asked at each request, a point read of some 10 us."""
        return self._state.plan.done

    @property
    def plan(self) -> Plan:
        return self._state.plan

    @property
    def page(self) -> Page:
        """The page with which the set-up goes on."""
        return self._state.plan.reached

    @property
    def step(self) -> str | None:
        """The name of the step with which it goes on; None when it is done."""
        return None if self.done else STEPS[STEP_OF[self.page] - 1]

    def may_open(self, page: Page) -> bool:
        return PAGES.index(page) <= PAGES.index(self.page)

    async def pass_by(self, page: Page) -> Page:
        """Note that `page` is filled in, and return the one after it."""
        following = after(page)
        await self._state.reach(following)
        return following

    async def remember(self, **typed: object) -> Plan:
        """Keep what was typed, right or wrong, so that nothing has to be typed twice."""
        return await self._state.change(**typed)

    # 2 System check

    async def check(self) -> list[checks.Check]:
        """Run the system check and return its lines."""
        return await checks.run(self._home, at_hand=await self._at_hand(), environ=self._environ)

    async def _at_hand(self) -> bool:
        return any(found.checked for found in await self.installer.found())

    async def confirm_check(self) -> None:
        """Go on from the check; raises CheckStops when something must be done first."""
        bad = [check for check in await self.check() if check.stops]
        if bad:
            raise CheckStops(" ".join(f"{check.title}: {check.said}" for check in bad))

    # 3 OpenCode

    async def found(self) -> list[Found]:
        return await self.installer.found()

    async def use(self, path: str) -> Checked:
        """Take the program at `path`; raises what the check gives."""
        return await self.installer.choose(Path(path.strip()))

    async def bring(self) -> bool:
        """Take our own copy; start to bring it when it is not here yet. True when it is here already."""
        if not self.installer.running:
            try:
                await self.installer.choose(self.installer.versions.path(VERSION))
                return True
            except InstallError:
                self.installer.bring()
        return False

    async def selected(self) -> Checked | None:
        """The OpenCode that would be used now, or None."""
        try:
            return await self.installer.selected()
        except InstallError:
            return None

    @property
    def suggested_project(self) -> str:
        """The folder to offer when none was given yet; may be empty."""
        return suggestion(self._environ)

    async def set_project(self, text: str, *, create: bool = False) -> Path:
        """Take the project folder; raises a BadProject. What was typed is kept."""
        await self.remember(project=text)
        path = await asyncio.to_thread(folder, text, create=create)
        await self.remember(project=str(path))
        return path

    # 4 Owner account

    @property
    def owner(self) -> str:
        """The name of the owner account; empty while there is none."""
        users = self._access.users() if self._access.has_owner() else []
        return users[0].name if users else ""

    async def make_owner(self, name: str, password: str, *, source: str) -> None:
        """Make the owner account; raises UserNameBad, PasswordWeak or OwnerExists. The name is kept."""
        await self.remember(owner=name)
        await self._access.create_owner(name, password, source=source)
        await self.code.end()

    # 5 Remote access

    async def set_remote(self, remote: Remote, token: Secret | None = None) -> None:
        """Keep the choice; nothing is opened before the end. `token` None keeps one that was pasted before.

        A token is checked now, and kept where tunnels keep theirs: a plan is no place for secrets. Raises what
        `create_tunnel` gives, and StepMissing when there is no token.
        """
        kept = self.tunnel
        if remote == "token":
            if token is not None and kept is not None:
                await self._tunnels.change_tunnel(kept.id, kept.config, secret=token)
            elif token is not None:
                # it starts with the hub only from the end on: a restart before that would open it
                made = await self._tunnels.create_tunnel(TunnelConfig(TUNNEL, "token"), secret=token)
                await self.remember(tunnel=made.id)
            elif kept is None:
                raise StepMissing("The tunnel's token is missing.")
        elif kept is not None:
            await self._tunnels.remove_tunnel(kept.id)
            await self.remember(tunnel="")
        await self.remember(remote=remote)

    @property
    def tunnel(self) -> TunnelInfo | None:
        """The tunnel that keeps the token which was pasted, None when there is none."""
        if not self.plan.tunnel:
            return None
        try:
            return self._tunnels.get(self.plan.tunnel)
        except TunnelNotFound:  # removed on its own page
            return None

    async def _open_way_in(self, plan: Plan, *, start: bool) -> None:
        """Let what was chosen start with the hub where its address stays, and now when `start`.

        A tunnel that does not start fails no set-up: its own page says why.
        """
        try:
            tunnel = self.tunnel
            if tunnel is not None:
                await self._tunnels.change_tunnel(tunnel.id, replace(tunnel.config, autostart=True))
            if plan.remote == "quick" and start:
                try:
                    tunnel = self._tunnels.get(QUICK.name)
                except TunnelNotFound:
                    tunnel = await self._tunnels.create_tunnel(QUICK)
            if tunnel is not None and start:
                await self._opener.start(tunnel.id)
        except NexusError as error:
            log.warning("the tunnel was not opened: %s", error)

    # 6 Finish

    async def finish(self, *, start: bool = True) -> Server:
        """Make the server with the project in it (auto-start on), start it, and close the set-up.

        Doing it again does no harm: a server that has the project is taken. Raises StepMissing, an
        InstallError or what the start gives; the set-up then stays open.
        """
        async with self._finishing:
            plan = self.plan
            if not self.owner:
                raise StepMissing("There is no owner account yet.")
            path = await asyncio.to_thread(folder, plan.project)
            await self.installer.selected()
            if plan.practice and not self._practice.enabled:
                await self._practice.enable()
            elif not plan.practice and self._practice.enabled and not plan.done:
                await self._practice.disable()
            server = await self._server(str(path))
            if start and server.state != "running":
                await self._fleet.start(server.id)
            if not plan.done:
                await self._state.change(done=True, reached="finish")
                if plan.remote != "later":
                    await self._open_way_in(plan, start=start)
            return server

    async def open_first(self, make_chat: Callable[[Server], Awaitable[str]]) -> tuple[Server, str]:
        """Finish and make the first chat; return the server and what `make_chat` gave. Raises what `finish` does.

        Whoever asks while that goes on (a second tab, a second click) gets the same, not another chat.
        """

        async def work() -> tuple[Server, str]:
            server = await self.finish()
            return server, await make_chat(server)

        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(work(), name="finish the set-up")
        return await asyncio.shield(self._opening)

    async def _server(self, project: str) -> Server:
        """Return the server for `project`: one that has it, else the first one with it added, else a new one."""
        servers = self._fleet.list()
        for server in servers:
            if project in server.projects:
                return server
        if servers:
            await self._fleet.add_project(servers[0].id, project)
            return servers[0]
        return await self._fleet.add(SERVER_NAME, [project], autostart=True)

    # all at once

    async def apply(
        self,
        *,
        owner: str,
        password: str,
        project: str,
        opencode: str = "",
        practice: bool | None = None,
        start: bool = True,
        source: str = "command",
    ) -> Outcome:
        """Do every step with these answers; what is there already is left as it is.

        All that can be wrong with an answer is found before anything is brought or made. Raises the errors of
        the steps, and OwnerExists when the account has another name or password.
        """
        name, password = check_name(owner), check_password(password, owner)
        made = self._access.has_owner()
        if made and not await self._access.owner_matches(name, password):
            same = name_key(name) == name_key(self.owner)
            raise OwnerExists(f"It is {self.owner!r}{', with another password' if same else ''}.")
        place = await asyncio.to_thread(folder, project)
        checked = await self.use(opencode) if opencode else await self.selected()
        lines = await checks.run(self._home, at_hand=checked is not None, environ=self._environ)
        if bad := [check for check in lines if check.stops]:
            said = " ".join(f"{check.title}: {check.said}" for check in bad)
            raise CheckStops(said, checks=[asdict(check) for check in lines])
        if checked is None:
            if not self.installer.running:
                self.installer.bring()
            checked = await self.installer.wait()
        if not made:
            await self.make_owner(name, password, source=source)
        wanted = self._practice.enabled if practice is None else practice
        await self.remember(project=str(place), owner=self.owner, practice=wanted)
        if practice is not None and self.done and practice != self._practice.enabled:
            await (self._practice.enable() if practice else self._practice.disable())
        server = await self.finish(start=start)
        return Outcome(
            owner=self.owner,
            created=not made,
            server_id=server.id,
            started=start,
            project=str(place),
            opencode=str(checked.program),
            version=checked.version,
            practice=wanted,
            checks=tuple(lines),
            warnings=tuple(
                f"{check.title}: {check.said} {check.todo}".strip() for check in lines if check.status != "pass"
            ),
        )

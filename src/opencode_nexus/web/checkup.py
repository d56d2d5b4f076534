# SPDX-License-Identifier: MIT
"""What the doctor asks of the hub's services, which it cannot see itself: they are beside it, or above."""

from collections.abc import Callable, Mapping, Sequence

from opencode_nexus.core.errors import NexusError
from opencode_nexus.fleet.environment import MARK as SERVER_MARK
from opencode_nexus.fleet.state import ServerState
from opencode_nexus.install import orphans
from opencode_nexus.install.check import RANGE_TEXT, is_supported, parse
from opencode_nexus.install.cloudflared.check import text_of
from opencode_nexus.observe.doctor.around import Around, Database, Home, Kept, Mark, SearchSeen, Seen, TunnelSeen
from opencode_nexus.observe.doctor.doctor import Doctor
from opencode_nexus.observe.doctor.steady import steady
from opencode_nexus.setup import checks
from opencode_nexus.tunnels.arguments import MARK as TUNNEL_MARK
from opencode_nexus.tunnels.takeup import mark_prefix
from opencode_nexus.web.context import Hub

STANDARD = "Started by the hub"


class Checkup:
    """A `doctor.around.Services`, of a hub that serves or of one that was put together without serving."""

    def __init__(self, hub: Callable[[], Hub]) -> None:
        self._of = hub

    def doctor(self, home: Home, db: Database, environ: Mapping[str, str]) -> Doctor:
        """Return the doctor of this hub."""
        clock = self._of().clock
        machine = checks.every(home.path, at_hand=True, environ=environ)
        return Doctor(
            Around(
                home=home, clock=clock, settings=lambda: self._of().settings,
                machine=lambda name: machine[name](), db=db, services=self, began=(clock.now(), steady()),
            )
        )  # fmt: skip

    def address(self) -> str:
        """Where the hub is reached; "" when it does not serve."""
        return self._of().address

    def moved(self) -> bool:
        """Whether the tunnels' port was taken by another program."""
        return self._of().door.moved

    async def opencode(self) -> Sequence[Seen]:
        """The one that the hub starts, then the one of each server that runs or names its own."""
        hub = self._of()
        try:
            found = [Seen(STANDARD, (await hub.installer.selected()).version)]
        except NexusError as error:
            found = [Seen(STANDARD, "", str(error), error.hint)]
        for server in hub.fleet.list():
            if server.version is not None or server.wanted_version:
                found.append(await self._server(server))
        return found

    async def _server(self, server: ServerState) -> Seen:
        version = server.version or server.wanted_version
        if server.version is None:
            try:
                await self._of().installer.binary(server.wanted_version)
            except NexusError as error:
                return Seen(server.name, "", str(error), error.hint)
        number = parse(version)
        if number is None or is_supported(number):
            return Seen(server.name, version)
        problem = f"{version} is outside of what was tested ({RANGE_TEXT})."
        return Seen(server.name, version, problem, "Some things may not work with it. Choose another version for it.")

    async def cloudflared(self) -> Seen:
        """The one that tunnels are opened with."""
        try:
            found = await self._of().cloudflared.look()
        except NexusError as error:
            return Seen("", "", str(error), error.hint)
        return Seen(str(found.path), text_of(found.version))

    def tunnels(self) -> Sequence[TunnelSeen]:
        """Every tunnel."""
        return [TunnelSeen(one.config.name, one.status.state) for one in self._of().tunnels.list()]

    def kept(self) -> Sequence[Kept]:
        """The copies of both programs."""
        hub = self._of()
        return [
            Kept("OpenCode", hub.installer.versions, hub.fleet.versions(), hub.installer.running),
            Kept("cloudflared", hub.cloudflared.versions, (), hub.cloudflared.running),
        ]

    def marks(self) -> Sequence[Mark]:
        """What processes of this home carry."""
        hub = self._of()
        return [
            Mark(SERVER_MARK, hub.fleet.mark_prefix, "server"),
            Mark(TUNNEL_MARK, f"{mark_prefix(hub.settings.home)}:", "tunnel"),
            Mark(orphans.MARK, orphans.mark_of(hub.installer.versions.downloads), "install"),
        ]

    def search(self) -> SearchSeen | None:
        """How far the search index is."""
        search = self._of().search
        now = search.progress()
        return SearchSeen(search.index.usable, now.problem, now.left, now.total)

    def renew_search(self) -> None:
        """Begin with an empty index: its file is damaged."""
        self._of().search.index.renew()

    def rebuild_search(self) -> None:
        """Make the index anew; the present one answers meanwhile. Raises SearchUnusable."""
        self._of().search.rebuild()

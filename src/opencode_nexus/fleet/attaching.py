# SPDX-License-Identifier: MIT
"""Attaches servers that run elsewhere, and finds those on this machine that could be."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from opencode_nexus.core.ids import new_id
from opencode_nexus.fleet import found as machine
from opencode_nexus.fleet.address import check_address, host_and_port, is_here
from opencode_nexus.fleet.attached import Attached
from opencode_nexus.fleet.attached_errors import AlreadyAttached, NotAttached, OwnAddress
from opencode_nexus.fleet.found import Found
from opencode_nexus.fleet.logins import Logins, check_login
from opencode_nexus.fleet.reach import Login, connect, folder, greet
from opencode_nexus.fleet.roster import Roster
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.spec import NAME_LENGTH, check_far_folder
from opencode_nexus.store.servers import ServerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Where a server is and what it asks for. In a change, None leaves a thing as it is; of a new one it is nothing."""

    address: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class Attaching:
    """`own_ports`: where the hub itself listens."""

    def __init__(self, roster: Roster, logins: Logins, own_ports: Callable[[], Collection[int]]) -> None:
        self._roster, self._logins, self._own_ports = roster, logins, own_ports

    async def attach(self, name: str, wanted: Attachment, projects: Sequence[str], *, autostart: bool) -> Server:
        """Add a server that answers at an address, and connect to it; without `projects`, with its own folder.

        Raises BadAddress, BadLogin, OwnAddress, AlreadyAttached, BadName, BadProject, Unreachable, PasswordRefused or
        NotOpenCode: then nothing is added.
        """
        address = check_address(wanted.address or "")
        login = check_login(wanted.username or "", wanted.password or "")
        folders = tuple(dict.fromkeys(check_far_folder(one) for one in projects))
        await self._check_other(address)
        own = await self._meet(address, login)
        server_id = new_id("srv")
        await self._logins.keep(server_id, login)
        row = ServerRow(
            server_id, name.strip() or _name(address), folders or own, autostart, 0.0, kind="attached", address=address
        )
        try:
            server = await self._roster.add_attached(row)
        except BaseException:
            await self._logins.forget(server_id)
            raise
        await server.start()
        return server

    async def change(self, server: Server, wanted: Attachment) -> None:
        """Give an attached server another address or login, and connect anew; raises as `attach`, and NotAttached."""
        if not isinstance(server, Attached):
            raise NotAttached(f"{server.row.name}.")
        address = server.row.address if wanted.address is None else check_address(wanted.address)
        kept = await self._logins.of(server.row.id) or check_login("", "")
        login = check_login(
            kept.username if wanted.username is None else wanted.username,
            kept.password.reveal() if wanted.password is None else wanted.password,
        )
        await self._check_other(address, but=server.row.id)
        await self._meet(address, login)
        await self._logins.keep(server.row.id, login)
        await self._roster.save(replace(server.row, address=address))
        await server.reconnect()

    async def found(self) -> list[Found]:
        """Return what runs on this machine and could be attached."""
        ours = {server.seen.run.process.pid for server in self._roster.all() if server.seen.run is not None}
        attached = {server.row.address for server in self._roster.all() if server.row.kind != "local"}
        there = {host_and_port(one)[1] for one in attached if await asyncio.to_thread(is_here, host_and_port(one)[0])}
        return [one for one in await machine.found(ours) if host_and_port(one.address)[1] not in there]

    async def _check_other(self, address: str, but: str = "") -> None:
        """Raises OwnAddress or AlreadyAttached."""
        host, port = host_and_port(address)
        here = await asyncio.to_thread(is_here, host)
        if here and port in self._own_ports():
            raise OwnAddress(f"{address} is this hub.")
        for server in self._roster.all():
            run, row = server.seen.run, server.row
            if run is not None and here and run.row.port == port:
                raise OwnAddress(f"{address} is the server {row.name}.")
            if row.kind == "local" or row.id == but:
                continue
            other, at = host_and_port(row.address)
            same = here and at == port and await asyncio.to_thread(is_here, other)  # by another name of this machine
            if same or row.address == address:
                raise AlreadyAttached(f"{address} is {row.name}.", server_id=row.id)

    async def _meet(self, address: str, login: Login) -> tuple[str, ...]:
        """Ask for the first time; returns the folder that it was started in."""
        client = connect(address, login)
        try:
            await greet(client)
            told = await folder(client)
        finally:
            await client.close()
        return (check_far_folder(told),) if told else ()


def _name(address: str) -> str:
    host, port = host_and_port(address)
    return f"{host}:{port}"[:NAME_LENGTH]

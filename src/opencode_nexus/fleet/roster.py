# SPDX-License-Identifier: MIT
"""The servers that are wanted: the list itself, and every change of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from opencode_nexus.core.ids import new_id
from opencode_nexus.fleet.edit import Edit, edited
from opencode_nexus.fleet.errors import NotOurs, ServerNotFound
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.spec import NAME_LENGTH, check_name, check_projects
from opencode_nexus.fleet.surroundings import Surroundings
from opencode_nexus.fleet.variables import Sealed
from opencode_nexus.store.servers import ServerRow

Servers = list[Server]  # inside the class `list` would be a method's name


class Roster:
    """All servers by id, in their order; `make` gives the server of a row."""

    def __init__(self, around: Surroundings, make: Callable[[ServerRow], Server]) -> None:
        self._around, self._make = around, make
        self._store, self._clock = around.runs.store, around.runs.clock
        self._sealed = Sealed(around.runs.vault)
        self._known: dict[str, Server] | None = None
        self._editing = asyncio.Lock()  # secrets lie outside of the database: two edits must not mix

    def known(self) -> dict[str, Server]:
        """Return the servers by id."""
        if self._known is None:
            self._known = {row.id: self._make(row) for row in self._store.all()}
        return self._known

    def all(self) -> Servers:
        """Return the servers in their order."""
        return sorted(self.known().values(), key=lambda server: (server.row.position, server.row.created))

    def get(self, server_id: str) -> Server:
        """Return one server; raises ServerNotFound."""
        server = self.known().get(server_id)
        if server is None:
            raise ServerNotFound(f"{server_id}.", server_id=server_id)
        return server

    async def save(self, *rows: ServerRow) -> None:
        """Keep servers as they are wanted now, all or none, and tell."""
        changed = [(self.known()[row.id].seen, self.known()[row.id].row, row) for row in rows]
        for seen, _, row in changed:  # first: whoever comes while it is written builds on it
            seen.row = row
        try:
            await self._store.save_all(rows)
        except BaseException:
            for seen, before, row in changed:
                if seen.row is row:
                    seen.row = before
            raise
        for seen, _, _ in changed:
            seen.tell()

    async def add(self, row: ServerRow) -> Server:
        """Add a server at the end of the list, without starting it."""
        row = replace(row, position=1 + max((server.row.position for server in self.known().values()), default=0))
        await self._store.save(row)
        server = self.known().setdefault(row.id, self._make(row))
        server.tell()
        await server.seen.note("server-added", f"{row.name} was added.")
        return server

    async def add_local(self, name: str, projects: list[str], edit: Edit, *, autostart: bool) -> Server:
        """Add a server that is run here; raises BadName, a BadProject, ProjectTaken, or what `edit.edited` raises."""
        checked = await asyncio.to_thread(check_projects, projects)
        row = ServerRow(new_id("srv"), check_name(name), checked, autostart, created=self._clock.now())
        row, secrets = edited(row, edit, {})
        if secrets:
            await asyncio.to_thread(self._sealed.keep, row.id, secrets)
        return await self.add(replace(row, revision=0))

    async def add_attached(self, row: ServerRow) -> Server:
        """Add a server that runs elsewhere; raises BadName."""
        return await self.add(replace(row, name=check_name(row.name), created=self._clock.now()))

    async def edit(self, server_id: str, edit: Edit) -> None:
        """Change what is wanted of a server; raises ServerNotFound, NotOurs, or what `edit.edited` raises."""
        async with self._editing:
            server = self.get(server_id)
            if server.row.kind != "local" and edit.of_process:
                raise NotOurs(f"{server.row.name}.")
            sealed = await asyncio.to_thread(self._sealed.of, server_id)
            row, secrets = edited(server.row, edit, sealed)
            if secrets != sealed:
                await asyncio.to_thread(self._sealed.keep, server_id, secrets)
            row = replace(row, projects=server.row.projects)  # they may have been changed meanwhile
            rows = [row] if edit.position is None else self._moved(row, edit.position)
            if rows != [server.row]:
                await self.save(*rows)
                await server.seen.note("server-edited", f"{row.name} was changed.")

    async def duplicate(self, server_id: str, name: str | None = None) -> Server:
        """Add a server like this one, without starting it, with or without the hub; raises ServerNotFound, BadName."""
        async with self._editing:
            row = self.get(server_id).row
            if row.kind != "local":
                raise NotOurs(f"{row.name}.")
            copy = replace(
                row,
                id=new_id("srv"),
                name=check_name(name) if name is not None else self._copy_name(row.name),
                autostart=False,  # two servers on one folder are seldom wanted at each start
                created=self._clock.now(),
                revision=0,
            )
            sealed = await asyncio.to_thread(self._sealed.of, server_id)
            if sealed:
                await asyncio.to_thread(self._sealed.keep, copy.id, sealed)
            return await self.add(copy)

    async def forget(self, server: Server) -> None:
        """Forget a server that has been stopped for good."""
        async with self._editing:
            await self._store.remove(server.row.id)
            self.known().pop(server.row.id, None)
            await asyncio.to_thread(self._sealed.keep, server.row.id, {})
        server.tell()
        await self._around.activity.add("server-removed", f"{server.row.name} was removed.")

    def _moved(self, row: ServerRow, position: int) -> list[ServerRow]:
        """Return the rows that change when `row` is put in its place, itself among them."""
        order = [server.row for server in self.all() if server.row.id != row.id]
        order.insert(max(0, position - 1), row)
        placed = [replace(one, position=place) for place, one in enumerate(order, 1)]
        return [one for one in placed if one != self.known()[one.id].row]

    def _copy_name(self, name: str) -> str:
        taken, number = {server.row.name for server in self.known().values()}, 1
        while True:
            ending = " copy" if number == 1 else f" copy {number}"
            copy = name[: NAME_LENGTH - len(ending)] + ending
            if copy not in taken:
                return copy
            number += 1

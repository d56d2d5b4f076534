# SPDX-License-Identifier: MIT
"""The folders of servers: joined, moved from one to another, left, and closed to free their memory.

An idle folder takes some 23 MB of its server, and nothing closes one by itself (measured on OpenCode 1.18.33).
"""

import asyncio
import logging
from dataclasses import replace

from opencode_nexus.fleet.errors import LastProject, NotOurs, ProjectBusy, ProjectTaken, ProjectUnknown
from opencode_nexus.fleet.probe import NoAnswer
from opencode_nexus.fleet.roster import Roster
from opencode_nexus.fleet.server import Server
from opencode_nexus.fleet.spec import check_far_folder, check_project
from opencode_nexus.store.servers import ServerRow

log = logging.getLogger(__name__)

ASK = 4.0  # seconds for the answer whether an agent works in a folder


class Projects:
    """Gives and takes folders; a server that runs is not restarted for it: OpenCode opens what a request names."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    async def add(self, server_id: str, folder: str) -> None:
        """Open another folder on a server; raises ServerNotFound, BadProject, ProjectTaken."""
        elsewhere = self._roster.get(server_id).row.kind != "local"
        path = check_far_folder(folder) if elsewhere else await asyncio.to_thread(check_project, folder)
        server = self._roster.get(server_id)  # it may have been removed meanwhile, and saving would bring it back
        if path in server.row.projects:
            raise ProjectTaken(f"{path}.", folder=path)
        await self._roster.save(replace(server.row, projects=(*server.row.projects, path)))
        await server.seen.note("project-added", f"{path} was added to {server.row.name}.")

    async def leave(self, server_id: str, folder: str) -> None:
        """Take a folder from a server; the folder itself and its sessions stay.

        Raises ServerNotFound, ProjectUnknown, LastProject, ProjectBusy.
        """
        server = self._holder(server_id, folder)
        await self._idle(server, folder)
        await self._roster.save(_without(self._holder(server_id, folder), folder))
        await self._close(server, folder)
        await server.seen.note("project-left", f"{folder} was taken from {server.row.name}.")

    async def move(self, server_id: str, folder: str, to: str) -> None:
        """Give a folder of one server to another, which has it afterwards.

        Raises ServerNotFound, ProjectUnknown, BadProject, ProjectTaken, LastProject, ProjectBusy.
        """
        server = self._holder(server_id, folder)
        await self._idle(server, folder)
        if server.row.kind != "local" and self._roster.get(to).row.kind == "local":
            await asyncio.to_thread(check_project, folder)  # it was one of another machine
        target = self._roster.get(to)
        if folder in target.row.projects:
            raise ProjectTaken(f"{folder}.", folder=folder)
        left = _without(self._holder(server_id, folder), folder)
        await self._roster.save(left, replace(target.row, projects=(*target.row.projects, folder)))
        await self._close(server, folder)
        await target.seen.note("project-moved", f"{folder} was moved from {server.row.name} to {target.row.name}.")

    async def free(self, server_id: str, folder: str) -> None:
        """Let a server close an idle folder, which frees memory; it is opened again when it is next used.

        Raises ServerNotFound, NotOurs, ProjectUnknown, ProjectBusy.
        """
        server = self._holder(server_id, folder)
        if server.row.kind != "local":
            raise NotOurs(f"{server.row.name} is at {server.row.address}.")
        if server.access() is None:
            return  # it takes no memory
        await self.close_idle(server, folder)
        await server.seen.note("project-closed", f"{folder} was closed on {server.row.name}, to free its memory.")

    async def close_idle(self, server: Server, folder: str) -> None:
        """Close a folder on a server unless an agent works in it; raises ProjectBusy."""
        await self._idle(server, folder)
        await self._close(server, folder)

    def _holder(self, server_id: str, folder: str) -> Server:
        server = self._roster.get(server_id)
        if folder not in server.row.projects:
            raise ProjectUnknown(f"{folder}.", folder=folder)
        return server

    async def _idle(self, server: Server, folder: str) -> None:
        run = server.seen.run
        if run is None or server.access() is None:
            return
        try:
            busy = await run.probe.busy(folder, ASK)
        except NoAnswer as error:
            raise ProjectBusy(
                f"{server.row.name} does not answer, so that nobody can tell.", hint="Restart the server first."
            ) from error
        if busy:
            raise ProjectBusy(f"{folder}.", folder=folder, sessions=busy)

    async def _close(self, server: Server, folder: str) -> None:
        run = server.seen.run
        if run is None or server.access() is None:
            return
        try:
            await run.probe.dispose(folder)
        except NoAnswer as error:  # its memory is freed at the next restart then
            log.warning("%s did not close %s: %s", server.row.id, folder, error)


def _without(server: Server, folder: str) -> ServerRow:
    left = tuple(project for project in server.row.projects if project != folder)
    if not left:
        raise LastProject(f"{folder}.", folder=folder)
    return replace(server.row, projects=left)

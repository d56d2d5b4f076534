# SPDX-License-Identifier: MIT
"""Servers as wanted, the runs of their processes, and their crashes."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opencode_nexus.store.db import Database

CRASHES_KEPT = 86_400.0  # seconds
_SERVER = (
    "id, name, projects, autostart, created, kind, address, environment, arguments, version, limits, position, revision"
)
_RUN = "start_id, server_id, mark, port, begun, pid, created, birth, version, revision"


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server as it is wanted; `projects` are absolute folders, the first one is where it is started.

    `kind` is "local", or "attached" for one at `address`. A variable of `environment` whose value is None has it among
    the sealed secrets. `version` is "" for the one that the hub uses. `limits` are by name, in bytes, per cent and
    processes. `position` is its place in the list; `revision` counts the edits that wait for a start.
    """

    id: str
    name: str
    projects: tuple[str, ...]
    autostart: bool
    created: float
    kind: str = "local"
    address: str = ""
    environment: Mapping[str, str | None] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    version: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    position: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class RunRow:
    """One life of a server's process; `pid`, `created` and `birth` are its identity once it is spawned.

    `revision` is that of the server as it was started.
    """

    start_id: str
    server_id: str
    mark: str
    port: int
    begun: float
    pid: int | None = None
    created: float | None = None
    birth: str = ""
    version: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class RestartRow:
    """A restart that is due: the run that gives way, and why, which is a sentence."""

    server_id: str
    start_id: str
    why: str


class Servers:
    """The tables `servers`, `server_runs`, `server_crashes` and `server_restarts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[ServerRow]:
        """Return every server in its place; those with the same, oldest first."""
        rows = self._db.read(f"SELECT {_SERVER} FROM servers ORDER BY position, created, id")
        return [_server(row) for row in rows]

    async def save(self, server: ServerRow) -> None:
        """Add a server, or keep it as it is wanted now."""
        await self.save_all([server])

    async def save_all(self, servers: Iterable[ServerRow]) -> None:
        """Keep several servers as they are wanted now, all or none."""
        values = [_values(server) for server in servers]
        places = ", ".join("?" for _ in _SERVER.split(","))

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(f"INSERT OR REPLACE INTO servers ({_SERVER}) VALUES ({places})", values)

        await self._db.write(work)

    async def remove(self, server_id: str) -> None:
        """Forget a server, its crashes and its restart; a run of it stays until its processes are gone."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM servers WHERE id = ?", (server_id,))
            connection.execute("DELETE FROM server_crashes WHERE server_id = ?", (server_id,))
            connection.execute("DELETE FROM server_restarts WHERE server_id = ?", (server_id,))

        await self._db.write(work)

    def runs(self) -> list[RunRow]:
        """Return the runs that were not known to be over, oldest first."""
        rows = self._db.read(f"SELECT {_RUN} FROM server_runs ORDER BY begun")
        return [RunRow(*row) for row in rows]

    async def begin(self, run: RunRow) -> None:
        """Keep a run, before its process is spawned."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO server_runs (start_id, server_id, mark, port, begun, revision) VALUES (?, ?, ?, ?, ?, ?)",
                (run.start_id, run.server_id, run.mark, run.port, run.begun, run.revision),
            )

        await self._db.write(work)

    async def spawned(self, run: RunRow, pid: int, created: float, birth: str) -> RunRow:
        """Keep the identity of the run's process; returns the run with it. A restart that was due has come about."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE server_runs SET pid = ?, created = ?, birth = ? WHERE start_id = ?",
                (pid, created, birth, run.start_id),
            )
            connection.execute(
                "DELETE FROM server_restarts WHERE server_id = ? AND start_id != ?", (run.server_id, run.start_id)
            )

        await self._db.write(work)
        return replace(run, pid=pid, created=created, birth=birth)

    async def answered(self, run: RunRow, version: str) -> RunRow:
        """Keep the version that the run's process told; returns the run with it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE server_runs SET version = ? WHERE start_id = ?", (version, run.start_id))

        await self._db.write(work)
        return replace(run, version=version)

    async def over(self, start_id: str) -> None:
        """Forget a run: every process of it is gone."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM server_runs WHERE start_id = ?", (start_id,))

        await self._db.write(work)

    def restarts(self) -> dict[str, RestartRow]:
        """Return the restarts that are due, by their servers' ids."""
        rows = self._db.read("SELECT server_id, start_id, why FROM server_restarts")
        return {row["server_id"]: RestartRow(*row) for row in rows}

    async def plan_restart(self, restart: RestartRow) -> None:
        """Keep a restart until the next process is there: a hub that is killed meanwhile leaves it to the next one."""

        def work(connection: sqlite3.Connection) -> None:
            values = (restart.server_id, restart.start_id, restart.why)
            connection.execute("INSERT OR REPLACE INTO server_restarts VALUES (?, ?, ?)", values)

        await self._db.write(work)

    def drop_restart(self, server_id: str) -> None:
        """Forget a restart that is no longer wanted; kept within about 50 ms."""
        self._db.post(lambda one: one.execute("DELETE FROM server_restarts WHERE server_id = ?", (server_id,)))

    def crashes(self, server_id: str, since: float) -> list[float]:
        """Return when the server crashed after `since` (epoch seconds), oldest first."""
        rows = self._db.read(
            "SELECT at FROM server_crashes WHERE server_id = ? AND at > ? ORDER BY at", (server_id, since)
        )
        return [row[0] for row in rows]

    async def crashed(self, server_id: str, at: float, reason: str) -> None:
        """Keep one crash, and drop those of over a day ago."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO server_crashes VALUES (?, ?, ?)", (server_id, at, reason))
            connection.execute(
                "DELETE FROM server_crashes WHERE server_id = ? AND at < ?", (server_id, at - CRASHES_KEPT)
            )

        await self._db.write(work)

    async def forgive(self, server_id: str) -> None:
        """Forget the crashes: somebody starts the server by hand, so the count begins anew."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM server_crashes WHERE server_id = ?", (server_id,))

        await self._db.write(work)


def _server(row: Sequence[Any]) -> ServerRow:
    return ServerRow(
        id=row[0],
        name=row[1],
        projects=tuple(json.loads(row[2])),
        autostart=bool(row[3]),
        created=row[4],
        kind=row[5],
        address=row[6],
        environment=json.loads(row[7]),
        arguments=tuple(json.loads(row[8])),
        version=row[9],
        limits=json.loads(row[10]),
        position=row[11],
        revision=row[12],
    )


def _values(server: ServerRow) -> tuple[object, ...]:
    return (
        server.id,
        server.name,
        json.dumps(server.projects),
        int(server.autostart),
        server.created,
        server.kind,
        server.address,
        json.dumps(dict(server.environment)),
        json.dumps(server.arguments),
        server.version,
        json.dumps(dict(server.limits)),
        server.position,
        server.revision,
    )

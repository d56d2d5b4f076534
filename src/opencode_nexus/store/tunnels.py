# SPDX-License-Identifier: MIT
"""Tunnels as wanted, and the runs of their processes."""

import sqlite3
from dataclasses import astuple, dataclass, replace

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class TunnelRow:
    """A tunnel as it is wanted; `name_key` is its name as compared, `config` what was chosen, as JSON."""

    id: str
    name_key: str
    config: str
    created: float


@dataclass(frozen=True, slots=True)
class TunnelRunRow:
    """One life of a tunnel's process.

    `opened` is when somebody opened the tunnel, `origin` where the process hands requests to, `config` the tunnel's as
    it was then, `log_from` the size of its log before it began. `pid`, `created` and `birth` are its identity once it
    is spawned, `metrics` the port on which it tells how it is.
    """

    run_id: str
    tunnel_id: str
    mark: str
    begun: float
    opened: float
    origin: str
    config: str
    version: str
    sha256: str
    log_from: int
    pid: int | None = None
    created: float | None = None
    birth: str = ""
    metrics: int | None = None


class TunnelTable:
    """The tables `tunnels` and `tunnel_runs`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[TunnelRow]:
        """Return every tunnel, oldest first."""
        rows = self._db.read("SELECT id, name_key, config, created FROM tunnels ORDER BY created, id")
        return [TunnelRow(*row) for row in rows]

    async def save(self, tunnel: TunnelRow) -> bool:
        """Add a tunnel, or keep it as it is wanted now; False when another one has its name."""

        def work(connection: sqlite3.Connection) -> bool:
            taken = connection.execute(
                "SELECT 1 FROM tunnels WHERE name_key = ? AND id <> ?", (tunnel.name_key, tunnel.id)
            ).fetchone()
            if taken:
                return False
            connection.execute("INSERT OR REPLACE INTO tunnels VALUES (?, ?, ?, ?)", astuple(tunnel))
            return True

        return bool(await self._db.write(work))

    async def remove(self, tunnel_id: str) -> None:
        """Forget a tunnel; a run of it stays until its process is gone."""
        await self._db.write(lambda base: base.execute("DELETE FROM tunnels WHERE id = ?", (tunnel_id,)))

    def runs(self) -> list[TunnelRunRow]:
        """Return the runs that were not known to be over, oldest first."""
        rows = self._db.read(
            "SELECT run_id, tunnel_id, mark, begun, opened, origin, config, version, sha256, log_from, pid, created,"
            " birth, metrics FROM tunnel_runs ORDER BY begun"
        )
        return [TunnelRunRow(*row) for row in rows]

    async def begin(self, run: TunnelRunRow) -> None:
        """Keep a run, before its process is spawned."""

        def work(connection: sqlite3.Connection) -> None:
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO tunnel_runs VALUES ({marks})", values)

        values = astuple(run)
        await self._db.write(work)

    async def spawned(self, run: TunnelRunRow, pid: int, created: float, birth: str) -> TunnelRunRow:
        """Keep the identity of the run's process; returns the run with it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE tunnel_runs SET pid = ?, created = ?, birth = ? WHERE run_id = ?",
                (pid, created, birth, run.run_id),
            )

        await self._db.write(work)
        return replace(run, pid=pid, created=created, birth=birth)

    async def measures_at(self, run: TunnelRunRow, port: int) -> TunnelRunRow:
        """Keep the port of the run's metrics; returns the run with it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE tunnel_runs SET metrics = ? WHERE run_id = ?", (port, run.run_id))

        await self._db.write(work)
        return replace(run, metrics=port)

    async def over(self, run_id: str) -> None:
        """Forget a run: its process is gone."""
        await self._db.write(lambda base: base.execute("DELETE FROM tunnel_runs WHERE run_id = ?", (run_id,)))

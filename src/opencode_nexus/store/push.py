# SPDX-License-Identifier: MIT
"""Browsers that are told of what enters the inbox."""

import sqlite3
from dataclasses import dataclass, field, replace

from opencode_nexus.store.db import Database


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One browser; times in epoch seconds, `quiet_start` and `quiet_end` minutes of its day.

    `login_id` None: it is signed out, and is told nothing. `told` and `failed`: the last message that its push service
    took or did not take, and `trouble` why not.
    """

    id: str
    user_id: str
    login_id: str | None
    endpoint: str
    p256dh: str
    auth: str = field(repr=False)
    origin: str
    agent: str
    kinds: tuple[str, ...]
    hide: bool
    quiet_start: int | None
    quiet_end: int | None
    zone: str
    created: float
    told: float | None = None
    failed: float | None = None
    trouble: str = ""


_COLUMNS = (
    "id, user_id, login_id, endpoint, p256dh, auth, origin, agent, kinds, hide, quiet_start, quiet_end, zone, created,"
    " told, failed, trouble"
)
_SELECT = "SELECT " + ", ".join(f"push_devices.{name.strip()}" for name in _COLUMNS.split(",")) + " FROM push_devices"


def _row(row: sqlite3.Row) -> DeviceRow:
    made = DeviceRow(*row)
    return replace(made, kinds=tuple(str(row["kinds"]).split()), hide=bool(row["hide"]))


class PushDevices:
    """The table ``push_devices``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def to_tell(self, now: float) -> list[DeviceRow]:
        """Those whose login holds, oldest first."""
        rows = self._db.read(
            f"{_SELECT} JOIN logins ON logins.id = login_id WHERE logins.expires > ?"
            " ORDER BY push_devices.created, push_devices.id",
            (now,),
        )
        return [_row(row) for row in rows]

    def of_user(self, user_id: str) -> list[DeviceRow]:
        """The user's, oldest first, signed out ones too."""
        rows = self._db.read(f"{_SELECT} WHERE user_id = ? ORDER BY created, id", (user_id,))
        return [_row(row) for row in rows]

    def by_id(self, device_id: str) -> DeviceRow | None:
        row = self._db.one(f"{_SELECT} WHERE id = ?", (device_id,))
        return _row(row) if row else None

    def by_endpoint(self, endpoint: str) -> DeviceRow | None:
        row = self._db.one(f"{_SELECT} WHERE endpoint = ?", (endpoint,))
        return _row(row) if row else None

    async def put(self, device: DeviceRow) -> None:
        """Keep a device, in the place of the one with its id or its endpoint."""
        values = (
            device.id, device.user_id, device.login_id, device.endpoint, device.p256dh, device.auth, device.origin,
            device.agent, " ".join(device.kinds), int(device.hide), device.quiet_start, device.quiet_end, device.zone,
            device.created, device.told, device.failed, device.trouble,
        )  # fmt: skip
        marks = ", ".join("?" * len(values))

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT OR REPLACE INTO push_devices ({_COLUMNS}) VALUES ({marks})", values)

        await self._db.write(work)

    async def remove(self, device_id: str) -> bool:
        """Forget a device; False when there is none."""

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute("DELETE FROM push_devices WHERE id = ?", (device_id,)).rowcount == 1

        return await self._db.write(work)

    def note(self, device_id: str, at: float, trouble: str = "") -> None:
        """Note with the next batch of writes how a message went: `trouble` "" for well."""
        if trouble:
            sql, values = "UPDATE push_devices SET failed = ?, trouble = ? WHERE id = ?", (at, trouble[:200], device_id)
            self._db.post(lambda connection: connection.execute(sql, values))
        else:
            self._db.post(
                lambda connection: connection.execute(
                    "UPDATE push_devices SET told = ?, trouble = '' WHERE id = ?", (at, device_id)
                )
            )

# SPDX-License-Identifier: MIT
"""Decides who is told of what enters the inbox, and when."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.notify import notice
from opencode_nexus.notify.devices import Choices, Devices
from opencode_nexus.notify.errors import DeviceUnknown, PushFailed
from opencode_nexus.notify.notice import Notice, Row
from opencode_nexus.notify.sender import DeviceGone, Sender
from opencode_nexus.store.push import DeviceRow

if TYPE_CHECKING:
    from opencode_nexus.notify.vapid import VapidKey

log = logging.getLogger(__name__)

REMEMBERED = 500  # rows of which it is known who was told
# A push that shows nothing is counted against a page there, and after a few of them it may send none.
NO_SILENT = ("https://web.push.apple.com/",)


class Inbox(Protocol):
    """The open rows (`chat.inbox_desk.InboxDesk`)."""

    def get(self, row_id: str) -> Row | None: ...


class Pusher:
    """Listens to bus topic "inbox".

    `key()`: what browsers subscribe with; `looks(login_id)`: whether a page of that login is on a screen just now.
    """

    def __init__(
        self,
        *,
        devices: Devices,
        sender: Sender,
        key: Callable[[], Awaitable["VapidKey"]],
        inbox: Inbox,
        looks: Callable[[str], bool],
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self.devices, self.key = devices, key
        self._sender, self._inbox, self._looks = sender, inbox, looks
        self._bus, self._clock, self._tasks = bus, clock, tasks
        self._told: dict[str, set[str]] = {}  # row → devices, oldest first
        self._held: dict[str, set[str]] = {}  # device → rows that came in its quiet hours
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._unlisten: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Begin to listen."""
        self._unlisten = self._bus.listen(self._heard, "inbox")

    async def close(self) -> None:
        """Listen no more; what is under way is ended with the hub's tasks."""
        self._unlisten()
        for timer in self._timers.values():
            timer.cancel()
        await self._sender.close()

    async def trial(self, user_id: str, device_id: str) -> None:
        """Send a test to a device of the user; raises DeviceUnknown or PushFailed."""
        device = self.devices.get(device_id)
        if device is None or device.user_id != user_id or device.login_id is None:
            raise DeviceUnknown
        try:
            await self._sender.send(device, notice.trial(), tries=1)
        except DeviceGone as error:
            await self.devices.gone(device.id)
            raise PushFailed("It says that this device is subscribed no more.") from error
        self.devices.note(device.id)

    def _heard(self, record: Record) -> None:
        data = record.data
        if not isinstance(data, dict):
            return
        row_id = str(data.get("id"))
        if data.get("what") == "added":
            row = self._inbox.get(row_id)
            if row is not None:
                self._added(row)
        elif data.get("what") == "removed":
            self._removed(row_id)

    def _added(self, row: Row) -> None:
        for device in self.devices.to_tell():
            choices = Choices.of(device)
            if row.kind not in choices.kinds or self._looks(device.login_id or ""):
                continue
            left = choices.quiet.left(self._clock.now()) if choices.quiet else 0.0
            if left:
                self._hold(device.id, row.id, left)
            else:
                self._send(device, notice.added(row, hide=choices.hide), [row.id])

    def _removed(self, row_id: str) -> None:
        for held in self._held.values():
            held.discard(row_id)
        told = self._told.pop(row_id, set())
        for device in self.devices.to_tell() if told else ():
            if device.id in told and not device.endpoint.startswith(NO_SILENT):
                self._send(device, notice.removed(row_id), [])

    def _hold(self, device_id: str, row_id: str, left: float) -> None:
        self._held.setdefault(device_id, set()).add(row_id)
        if device_id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[device_id] = loop.call_later(left + 1, self._quiet_over, device_id)

    def _quiet_over(self, device_id: str) -> None:
        self._timers.pop(device_id, None)
        rows = [row for row_id in self._held.pop(device_id, set()) if (row := self._inbox.get(row_id)) is not None]
        device = next((one for one in self.devices.to_tell() if one.id == device_id), None)
        if device is None or not rows or self._looks(device.login_id or ""):
            return
        choices = Choices.of(device)
        left = choices.quiet.left(self._clock.now()) if choices.quiet else 0.0
        if left:  # its hours were changed, or the clock was
            for row in rows:
                self._hold(device_id, row.id, left)
        else:
            self._send(device, notice.after_quiet(rows, hide=choices.hide), [row.id for row in rows])

    def _send(self, device: DeviceRow, message: Notice, rows: list[str]) -> None:
        for row_id in rows:
            self._told.setdefault(row_id, set()).add(device.id)
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

        def wanted() -> bool:  # what has gone meanwhile is not told after all, nor to who is signed out by now
            still = not rows or any(self._inbox.get(row_id) is not None for row_id in rows)
            return still and any(one.id == device.id for one in self.devices.to_tell())

        self._tasks.spawn(self._hand_over(device, message, wanted), f"push to {device.id}")

    async def _hand_over(self, device: DeviceRow, message: Notice, wanted: Callable[[], bool]) -> None:
        try:
            await self._sender.send(device, message, wanted=wanted)
        except DeviceGone:
            log.info("a device is subscribed no more, and is told nothing from now on")
            await self.devices.gone(device.id)
        except (NexusError, OSError) as error:
            log.warning("a notification was not taken: %s", error)
            self.devices.note(device.id, str(getattr(error, "detail", error)))
        else:
            self.devices.note(device.id)

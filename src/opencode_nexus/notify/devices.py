# SPDX-License-Identifier: MIT
"""The browsers that are told: switched on by themselves, listed and removed by their owner."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.notify.endpoint import check_shape
from opencode_nexus.notify.errors import DeviceUnknown, DeviceUnusable
from opencode_nexus.notify.notice import WORDS
from opencode_nexus.notify.quiet import Quiet
from opencode_nexus.store.push import DeviceRow, PushDevices

MOST = 20  # devices of an account


@dataclass(frozen=True, slots=True)
class Choices:
    """What a device wants: `kinds` of rows, without saying what they are (`hide`), and when not."""

    kinds: tuple[str, ...] = tuple(WORDS)
    hide: bool = False
    quiet: Quiet | None = None

    @classmethod
    def of(cls, device: DeviceRow) -> "Choices":
        quiet = None
        if device.quiet_start is not None and device.quiet_end is not None:
            quiet = Quiet(device.quiet_start, device.quiet_end, device.zone)
        return cls(device.kinds, device.hide, quiet)


class Devices:
    """Publishes bus topic "push" {"id": …} when a device comes, changes or goes."""

    def __init__(
        self, rows: PushDevices, bus: Bus, clock: Clock, *, shape: Callable[[str], object] = check_shape
    ) -> None:
        self._rows, self._bus, self._clock, self._shape = rows, bus, clock, shape

    def of_user(self, user_id: str) -> list[DeviceRow]:
        """The user's devices, oldest first."""
        return self._rows.of_user(user_id)

    def of_login(self, login_id: str, user_id: str) -> DeviceRow | None:
        """The device that this login switched on last, if it is on."""
        return next((row for row in reversed(self.of_user(user_id)) if row.login_id == login_id), None)

    def get(self, device_id: str) -> DeviceRow | None:
        """One device as it is now."""
        return self._rows.by_id(device_id)

    def to_tell(self) -> list[DeviceRow]:
        """All whose login holds."""
        return self._rows.to_tell(self._clock.now())

    async def subscribe(
        self, user_id: str, login_id: str, *, endpoint: str, p256dh: str, auth: str, origin: str, agent: str, zone: str
    ) -> DeviceRow:
        """Switch a browser on, or take note of it again after it signed in anew: it keeps its choices then.

        Raises DeviceUnusable.
        """
        from opencode_nexus.notify.encryption import keys_of  # a MB and more that a hub without devices never needs

        self._shape(endpoint)
        keys_of(p256dh, auth)
        known = self._rows.by_endpoint(endpoint)
        # a browser has one subscription: another one of the same login takes the place of the one before
        if known is None or known.user_id != user_id:
            known = self.of_login(login_id, user_id)
        if known is None and len(self.of_user(user_id)) >= MOST:
            raise DeviceUnusable(f"There are {MOST} devices already.", hint="Remove one that is no longer used.")
        device = DeviceRow(
            id=known.id if known else new_id("psh"),
            user_id=user_id,
            login_id=login_id,
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            origin=origin[:200],
            agent=agent[:200],
            kinds=known.kinds if known else tuple(WORDS),
            hide=known.hide if known else False,
            quiet_start=known.quiet_start if known else None,
            quiet_end=known.quiet_end if known else None,
            zone=known.zone if known and known.quiet_start is not None else zone[:64],
            created=known.created if known else self._clock.now(),
        )
        await self._rows.put(device)
        self._tell(device.id)
        return device

    async def choose(self, user_id: str, device_id: str, choices: Choices) -> DeviceRow:
        """Keep what a device wants; raises DeviceUnknown."""
        quiet = choices.quiet
        device = replace(
            self._own(user_id, device_id),
            kinds=tuple(kind for kind in WORDS if kind in choices.kinds),
            hide=choices.hide,
            quiet_start=quiet.start if quiet else None,
            quiet_end=quiet.end if quiet else None,
        )
        if quiet is not None and quiet.zone:
            device = replace(device, zone=quiet.zone[:64])
        await self._rows.put(device)
        self._tell(device_id)
        return device

    async def remove(self, user_id: str, device_id: str) -> None:
        """Tell a device nothing any more; raises DeviceUnknown."""
        await self._rows.remove(self._own(user_id, device_id).id)
        self._tell(device_id)

    async def gone(self, device_id: str) -> None:
        """A push service says that a device is subscribed no more."""
        await self._rows.remove(device_id)
        self._tell(device_id)

    def note(self, device_id: str, trouble: str = "") -> None:
        """Note how the last message went: `trouble` "" for well."""
        self._rows.note(device_id, self._clock.now(), trouble)

    def _own(self, user_id: str, device_id: str) -> DeviceRow:
        found = self._rows.by_id(device_id)
        if found is None or found.user_id != user_id:
            raise DeviceUnknown
        return found

    def _tell(self, device_id: str) -> None:
        self._bus.publish("push", {"id": device_id})

# SPDX-License-Identifier: MIT
"""Hands a message to the push service of one device (RFC 8030)."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import httpx2

from opencode_nexus.core.clock import Clock
from opencode_nexus.notify.endpoint import check
from opencode_nexus.notify.errors import DeviceUnusable, PushFailed
from opencode_nexus.notify.notice import Notice

if TYPE_CHECKING:
    from opencode_nexus.notify.vapid import VapidKey

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for each step
AT_ONCE = 8  # connections
PAUSES = (2.0, 15.0, 60.0, 300.0)  # seconds before it is tried again, where the service names no time
LONGEST_PAUSE = 900.0
GONE = (404, 410)


class Device(Protocol):
    """What is needed of a device (`store.push.DeviceRow`)."""

    @property
    def id(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def p256dh(self) -> str: ...
    @property
    def auth(self) -> str: ...
    @property
    def origin(self) -> str: ...


class DeviceGone(Exception):
    """The push service says that the device is subscribed no more."""


class Sender:
    """Sends, and tries again while that makes sense. `check` may be replaced where push services are stand-ins."""

    def __init__(
        self,
        key: Callable[[], Awaitable["VapidKey"]],
        clock: Clock,
        *,
        check: Callable[[str], Awaitable[None]] = check,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._key, self._clock, self._check, self._pauses = key, clock, check, pauses
        self._client: httpx2.AsyncClient | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(
        self, device: Device, notice: Notice, *, wanted: Callable[[], bool] = lambda: True, tries: int = 0
    ) -> None:
        """Return when the push service has taken `notice`, or nobody wants it any more.

        Raises DeviceGone, or PushFailed when it was refused or could not be handed over in `tries` (0: as many as
        there are pauses, and one).
        """
        for pause in (*(self._pauses[: tries - 1] if tries else self._pauses), None):
            try:
                async with self._places:
                    if not wanted():
                        return
                    again, trouble = await self._post(device, notice)
            except (httpx2.HTTPError, OSError) as error:
                again, trouble = 0.0, f"It could not be reached: {type(error).__name__}."
            if not trouble:
                return
            if again is None or pause is None:
                raise PushFailed(trouble)
            log.info("a push service did not take a message (%s), trying again", trouble)
            await asyncio.sleep(min(again or pause, LONGEST_PAUSE))

    async def _post(self, device: Device, notice: Notice) -> tuple[float | None, str]:
        """Return ("", anything) when it was taken, else what went wrong and when to try again (None: never)."""
        try:
            await self._check(device.endpoint)
            text = json.dumps(notice.payload).encode()
            body = await asyncio.to_thread(_sealed, text, device.p256dh, device.auth)
        except DeviceUnusable as error:
            return None, error.detail
        key = await self._key()
        headers = {
            "Authorization": key.authorization(device.endpoint, self._clock.now(), device.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(notice.ttl),
            "Urgency": notice.urgency,
            "Topic": notice.topic,
        }
        if self._client is None:
            self._client = httpx2.AsyncClient(
                timeout=TIMEOUT, follow_redirects=False, headers={"User-Agent": "opencode-nexus"}
            )
        answer = await self._client.post(device.endpoint, content=body, headers=headers)
        if answer.is_success:
            return 0.0, ""
        if answer.status_code in GONE:
            raise DeviceGone
        trouble = f"It answered {answer.status_code}."
        if answer.status_code != 429 and answer.status_code < 500:
            return None, trouble
        asked = answer.headers.get("retry-after", "")
        return (float(asked) if asked.isdigit() else 0.0), trouble

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def _sealed(text: bytes, p256dh: str, auth: str) -> bytes:
    """Encrypt a message; raises DeviceUnusable. Blocks, the first time for 50 ms and more."""
    from opencode_nexus.notify.encryption import encrypt  # a MB and more that a hub without devices never needs

    return encrypt(text, p256dh, auth)

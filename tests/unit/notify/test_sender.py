# SPDX-License-Identifier: MIT
"""Handing a message to a push service, and what is done with each of its answers."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.notify.encryption import encrypt
from opencode_nexus.notify.errors import PushFailed
from opencode_nexus.notify.notice import removed, trial
from opencode_nexus.notify.sender import DeviceGone, Sender
from opencode_nexus.notify.vapid import VapidKey
from opencode_nexus.store.push import DeviceRow
from tests.fakes.push_service import PushService, Receiver

pytestmark = pytest.mark.anyio


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as service:
        yield service


def device(receiver: Receiver, origin: str = "https://hub.example") -> DeviceRow:
    keys = receiver.subscription()["keys"]
    return DeviceRow(
        "psh_1", "usr_1", "lgn_1", receiver.endpoint, keys["p256dh"], keys["auth"], origin, "", (), False, None, None,
        "UTC", 0.0,
    )  # fmt: skip


async def anywhere(endpoint: str) -> None:
    pass


KEY = VapidKey.make()


async def key() -> VapidKey:
    return KEY


def sender(*pauses: float) -> Sender:
    return Sender(key, SystemClock(), check=anywhere, pauses=pauses)


async def test_it_is_signed_sealed_and_delivered(service: PushService) -> None:
    receiver, mine = service.receiver(), sender()
    await mine.send(device(receiver), trial())
    await mine.send(device(receiver, "http://localhost:4600"), removed("per_1"))
    await mine.close()
    assert not service.refused  # the stand-in checks signature, audience, time and headers
    assert [one.payload for one in service.taken] == [trial().payload, {"close": "per_1"}]
    assert service.taken[0].headers["topic"] == trial().topic
    assert service.taken[0].headers["ttl"] == "300"


async def test_it_is_sealed_beside_the_event_loop(service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[threading.Thread] = []

    def seen(*given: Any) -> bytes:
        where.append(threading.current_thread())
        return encrypt(*given)

    monkeypatch.setattr("opencode_nexus.notify.encryption.encrypt", seen)
    mine = sender()
    await mine.send(device(service.receiver()), trial())
    await mine.close()
    assert len(service.taken) == 1 and where != [threading.current_thread()]


async def test_the_stand_in_notices_a_wrong_signature(service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    other = VapidKey.make()
    monkeypatch.setattr(other, "public", KEY.public)

    async def wrong() -> VapidKey:
        return other

    with pytest.raises(PushFailed):
        await Sender(wrong, SystemClock(), check=anywhere, pauses=()).send(device(service.receiver()), trial())
    assert "InvalidSignature" in service.refused[0]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_subscribed_no_more(service: PushService, status: int) -> None:
    service.answer = lambda endpoint: (status, {})
    with pytest.raises(DeviceGone):
        await sender(0.0).send(device(service.receiver()), trial())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_again(service: PushService, status: int) -> None:
    answers = iter([(status, {"Retry-After": "0"}), (status, {}), (201, {})])
    service.answer = lambda endpoint: next(answers)
    await sender(0.0, 0.0).send(device(service.receiver()), trial())
    assert len(service.taken) == 1


async def test_it_is_not_tried_for_ever(service: PushService) -> None:
    asked: list[str] = []

    def busy(endpoint: str) -> tuple[int, dict[str, str]]:
        asked.append(endpoint)
        return 503, {}

    service.answer = busy
    with pytest.raises(PushFailed, match="503"):
        await sender(0.0, 0.0).send(device(service.receiver()), trial())
    assert len(asked) == 3
    with pytest.raises(PushFailed):
        await sender(0.0, 0.0).send(device(service.receiver()), trial(), tries=1)
    assert len(asked) == 4


async def test_what_was_refused_is_not_sent_again(service: PushService) -> None:
    asked: list[str] = []

    def no(endpoint: str) -> tuple[int, dict[str, str]]:
        asked.append(endpoint)
        return 403, {}

    service.answer = no
    with pytest.raises(PushFailed, match="403"):
        await sender(0.0, 0.0).send(device(service.receiver()), trial())
    assert len(asked) == 1


async def test_what_nobody_wants_any_more_is_not_sent(service: PushService) -> None:
    wanted = iter([True, False])
    service.answer = lambda endpoint: (503, {})
    await sender(0.0, 0.0).send(device(service.receiver()), trial(), wanted=lambda: next(wanted))
    assert not service.taken


async def test_a_service_that_cannot_be_reached(free_port: int) -> None:
    there = Receiver(f"http://127.0.0.1:{free_port}/x")
    with pytest.raises(PushFailed, match="could not be reached"):
        await sender(0.0).send(device(there), trial())


async def test_no_redirect_is_followed(service: PushService) -> None:
    service.answer = lambda endpoint: (307, {"Location": endpoint})
    with pytest.raises(PushFailed, match="307"):
        await sender().send(device(service.receiver()), trial())


async def test_an_address_of_this_machine_is_never_asked(service: PushService) -> None:
    strict = Sender(key, SystemClock(), pauses=())
    with pytest.raises(PushFailed, match="https"):
        await strict.send(device(service.receiver()), trial())
    assert not service.taken and not service.refused


def test_the_key_is_the_same_when_it_is_read_again() -> None:
    assert VapidKey.read(KEY.keep()).public == KEY.public
    assert KEY.keep().reveal() not in repr(KEY.keep())

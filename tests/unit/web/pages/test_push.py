# SPDX-License-Identifier: MIT
"""The page of notifications as plain forms, and what it refuses."""

import json
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from opencode_nexus.core.bus import Bus
from opencode_nexus.notify.devices import Devices
from opencode_nexus.notify.errors import PushFailed
from opencode_nexus.notify.notice import WORDS
from opencode_nexus.store.push import PushDevices
from tests.fakes.push_service import Receiver
from tests.unit.web.pages.conftest import BASE, Desk, words

pytestmark = pytest.mark.anyio

PLACE = "/settings/notifications"
ENDPOINT = "https://push.example.com/1"


class Push:
    """The part of `notify.pusher.Pusher` that the page uses; `trouble` is what a test meets."""

    def __init__(self, desk: Desk) -> None:
        self.devices = Devices(PushDevices(desk.hub.stored._db), Bus(desk.clock), desk.clock)
        self.trouble: PushFailed | None = None

    async def key(self) -> SimpleNamespace:
        return SimpleNamespace(public="BAAA")

    async def trial(self, user_id: str, device_id: str) -> None:
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
async def push(desk: Desk) -> Push:
    desk.hub.push = Push(desk)
    assert (await desk.sign_in()).status_code == 303
    return desk.hub.push  # type: ignore[no-any-return]


async def tell(desk: Desk, body: Any) -> httpx2.Response:
    return await desk.client.post(f"{BASE}{PLACE}/device", json=body, headers={"Accept": "application/json"})


async def switched_on(desk: Desk) -> str:
    answer = await tell(desk, {**Receiver(ENDPOINT).subscription(), "zone": "Europe/Berlin"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def test_a_device_is_switched_on_and_chooses(desk: Desk, push: Push) -> None:
    page = await desk.get(PLACE)
    assert "Switch on" in words(page) and "Other devices" not in words(page)
    assert (await desk.post(PLACE + "/key")).json() == {"key": "BAAA"}
    device = await switched_on(desk)
    assert 'name="kind" value="finished" checked' in (await desk.get(PLACE)).text
    form = {"kind": "question", "hide": "1", "quiet": "1", "start": "22:30", "end": "06:00", "zone": "Asia/Tokyo"}
    answer = await desk.post(f"{PLACE}/{device}", **form)
    assert answer.headers["location"] == f"{BASE}{PLACE}?said=saved"
    kept = push.devices.get(device)
    assert kept is not None
    assert (kept.kinds, kept.hide) == (("question",), True)
    assert (kept.quiet_start, kept.quiet_end, kept.zone) == (22 * 60 + 30, 6 * 60, "Asia/Tokyo")
    assert 'value="22:30"' in (await desk.get(PLACE)).text
    await desk.post(f"{PLACE}/{device}/remove")
    assert push.devices.get(device) is None


@pytest.mark.parametrize(("start", "end"), [("22:00", "22:00"), ("", "07:00"), ("25:00", "07:00")])
async def test_quiet_hours_that_are_none(desk: Desk, push: Push, start: str, end: str) -> None:
    device = await switched_on(desk)
    answer = await desk.post(f"{PLACE}/{device}", kind="question", quiet="1", start=start, end=end)
    assert answer.status_code == 400 and "two different times" in words(answer)
    kept = push.devices.get(device)
    assert kept is not None and kept.quiet_start is None and kept.kinds == tuple(WORDS)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"endpoint": ENDPOINT},
        {"endpoint": ENDPOINT, "keys": {"p256dh": "x", "auth": "y"}},
        {**Receiver(ENDPOINT).subscription(), "endpoint": "http://127.0.0.1:4600/api/v1/servers"},
        {**Receiver(ENDPOINT).subscription(), "endpoint": "https://169.254.169.254/latest"},
    ],
)
async def test_what_is_no_subscription_is_refused(desk: Desk, push: Push, body: Any) -> None:
    answer = await tell(desk, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "push-device-unusable")
    assert not push.devices.to_tell()


async def test_a_test_that_was_not_taken_says_what_was_answered(desk: Desk, push: Push) -> None:
    device = await switched_on(desk)
    push.trouble = PushFailed("It answered 403.")
    answer = await desk.post(f"{PLACE}/{device}/test")
    assert answer.status_code == 502 and "It answered 403." in words(answer)


async def test_another_browser_is_listed_and_can_be_removed(desk: Desk, push: Push) -> None:
    device = await switched_on(desk)
    await desk.post("/logout")
    await desk.sign_in()
    page = await desk.get(PLACE)
    assert "Firefox on Linux" not in words(page)[: words(page).index("Other devices")]
    assert "Signed out, so it is told nothing." in words(page)
    assert not push.devices.to_tell()
    await desk.post(f"{PLACE}/{device}/remove")
    assert "Other devices" not in words(await desk.get(PLACE))


async def test_it_is_for_browsers_and_not_for_programs(desk: Desk, push: Push) -> None:
    token, _ = await desk.hub.access.create_token("script")
    answer = await desk.client.post(f"{BASE}{PLACE}/key", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"[" * 30_000, b'{"endpoint":"https://push.example.com/1","zone":"\\ud800","keys":%s}'],
    ids=["deep", "half"],
)
async def test_a_subscription_that_means_harm_is_refused(desk: Desk, push: Push, body: bytes) -> None:
    keys = json.dumps(Receiver(ENDPOINT).subscription()["keys"]).encode()
    answer = await desk.client.post(
        f"{BASE}{PLACE}/device", content=body.replace(b"%s", keys), headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "push-device-unusable")

# SPDX-License-Identifier: MIT
"""Who is told of what enters the inbox: by kind, by quiet hours, and not who looks at a page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from opencode_nexus.access.sessions import Sessions
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.notify.devices import MOST, Choices, Devices
from opencode_nexus.notify.errors import DeviceUnknown, DeviceUnusable, PushFailed
from opencode_nexus.notify.keeping import KeyKeeper
from opencode_nexus.notify.pusher import Pusher
from opencode_nexus.notify.quiet import Quiet
from opencode_nexus.notify.sender import Sender
from opencode_nexus.store.db import Database
from opencode_nexus.store.logins import LoginRow, Logins
from opencode_nexus.store.push import DeviceRow, PushDevices
from opencode_nexus.store.users import UserRow, Users
from tests.fakes.push_service import Delivered, PushService, Receiver
from tests.unit.notify.test_notice import Row

pytestmark = pytest.mark.anyio

ALL_DAY = Quiet(0, 24 * 60 - 1, "UTC")


class Vault(dict[str, str]):
    """Secrets in memory."""

    def set(self, name: str, value: str) -> None:
        self[name] = value


@dataclass
class Scene:
    """A hub's pusher with one user; rows are put into `rows`, who looks into `looking`."""

    db: Database
    bus: Bus
    clock: ManualClock
    service: PushService
    logins: Sessions
    rows: dict[str, Row] = field(default_factory=dict)
    looking: set[str] = field(default_factory=set)
    tasks: Tasks = field(default_factory=Tasks)
    vault: Vault = field(default_factory=Vault)

    def __post_init__(self) -> None:
        async def anywhere(endpoint: str) -> None:
            pass

        key = KeyKeeper(self.vault)
        self.devices = Devices(PushDevices(self.db), self.bus, self.clock, shape=str)
        self.pusher = Pusher(
            devices=self.devices, sender=Sender(key, self.clock, check=anywhere, pauses=(0.0,)), key=key,
            inbox=self, looks=self.looking.__contains__, bus=self.bus, clock=self.clock, tasks=self.tasks,
        )  # fmt: skip
        self.pusher.open()

    def get(self, row_id: str) -> Row | None:
        return self.rows.get(row_id)

    async def login(self) -> LoginRow:
        return (await self.logins.start("usr_1", "Ada", "here", "Firefox", True))[1]

    async def device(self, login: LoginRow | None = None, receiver: Receiver | None = None) -> DeviceRow:
        told = (receiver or self.service.receiver()).subscription()
        login = login or await self.login()
        return await self.devices.subscribe(
            "usr_1", login.id, endpoint=told["endpoint"], origin="https://hub.example", agent="", zone="UTC",
            **told["keys"],
        )  # fmt: skip

    async def add(self, row: Row) -> None:
        self.rows[row.id] = row
        self.bus.publish("inbox", {"what": "added", "id": row.id, "count": len(self.rows)})
        await self.sent()

    async def end(self, row_id: str) -> None:
        del self.rows[row_id]
        self.bus.publish("inbox", {"what": "removed", "id": row_id, "count": len(self.rows)})
        await self.sent()

    async def sent(self) -> None:
        """Return when nothing is under way."""
        async with asyncio.timeout(20):
            while self.tasks._tasks:
                await asyncio.sleep(0.005)

    def told(self) -> list[Delivered]:
        assert not self.service.refused
        return self.service.taken


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock = ManualClock()
    db = Database(tmp_path / "nexus.db")
    await db.open()
    await Users(db).add_first(UserRow("usr_1", "Ada", "ada", "x", 0.0, 0.0, None))
    with PushService(clock.now) as service:
        scene = Scene(db, Bus(clock), clock, service, Sessions(Logins(db), clock))
        yield scene
        await scene.pusher.close()
        await scene.tasks.close()
    await db.close()


async def test_each_device_is_told_and_what_is_over_takes_its_notification_along(scene: Scene) -> None:
    one, two = await scene.device(), await scene.device()
    await scene.add(Row())
    assert sorted(told.endpoint for told in scene.told()) == sorted([one.endpoint, two.endpoint])
    await scene.end("per_1")
    assert [told.payload for told in scene.told()[2:]] == [{"close": "per_1"}] * 2
    await scene.db.write(lambda connection: 0)  # the notes are written by now
    kept = scene.devices.get(one.id)
    assert kept is not None and kept.told == scene.clock.now() and not kept.trouble


async def test_who_looks_is_not_told(scene: Scene) -> None:
    login = await scene.login()
    await scene.device(login)
    away = await scene.device()
    scene.looking.add(login.id)
    await scene.add(Row())
    await scene.end("per_1")
    assert {told.endpoint for told in scene.told()} == {away.endpoint}
    assert len(scene.told()) == 2


async def test_only_the_kinds_that_were_chosen(scene: Scene) -> None:
    device = await scene.device()
    await scene.devices.choose("usr_1", device.id, Choices(("question", "nonsense"), hide=True))
    await scene.add(Row())
    await scene.add(Row(id="que_1", kind="question", detail="Which one?"))
    assert [(told.payload["id"], told.payload["title"]) for told in scene.told()] == [("que_1", "The agent asks")]
    assert "Which" not in str(scene.told()[0].payload)


async def test_quiet_hours_and_what_waits_at_their_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    later: list[tuple[float, Callable[..., None], tuple[str, ...]]] = []
    loop = asyncio.get_running_loop()
    device = await scene.device()
    await scene.devices.choose("usr_1", device.id, Choices(quiet=ALL_DAY))
    scene.clock.jump(3600 - scene.clock.now() % 86400)  # 01:00
    real = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda wait, act, *rest: later.append((wait, act, rest)), raising=False)
    for number in range(3):
        scene.rows[f"per_{number}"] = row = Row(id=f"per_{number}")
        scene.bus.publish("inbox", {"what": "added", "id": row.id})
    del scene.rows["per_0"]
    scene.bus.publish("inbox", {"what": "removed", "id": "per_0"})
    monkeypatch.setattr(loop, "call_later", real, raising=False)
    assert not scene.told() and len(later) == 1
    wait, act, rest = later[0]
    assert wait == 23 * 3600 - 60 + 1
    scene.clock.jump(wait)
    act(*rest)
    await scene.sent()
    assert [told.payload["title"] for told in scene.told()] == ["2 things in the inbox"]


async def test_a_login_that_ended_or_ran_out_is_told_nothing_and_goes_on_when_it_is_back(scene: Scene) -> None:
    receiver, login = scene.service.receiver(), await scene.login()
    device = await scene.device(login, receiver)
    await scene.devices.choose("usr_1", device.id, Choices(("permission",)))
    await scene.logins.end(login.id, "usr_1")
    await scene.add(Row(id="per_0"))
    assert not scene.told() and scene.devices.get(device.id) is not None
    back = await scene.device(receiver=receiver)
    assert (back.id, back.kinds) == (device.id, ("permission",))
    await scene.add(Row())
    assert len(scene.told()) == 1
    scene.clock.jump(31 * 86400)
    await scene.add(Row(id="per_2"))
    assert len(scene.told()) == 1


async def test_another_subscription_of_the_same_browser_takes_the_place_of_the_first(scene: Scene) -> None:
    login = await scene.login()
    first = await scene.device(login)
    second = await scene.device(login)
    assert second.id == first.id
    assert [one.endpoint for one in scene.devices.of_user("usr_1")] == [second.endpoint]


async def test_a_device_that_is_gone_is_removed_and_trouble_is_noted(scene: Scene) -> None:
    gone, busy = await scene.device(), await scene.device()
    scene.service.answer = lambda endpoint: (410 if endpoint == gone.endpoint else 403, {})
    await scene.add(Row())
    await scene.db.write(lambda connection: 0)
    assert [one.id for one in scene.devices.of_user("usr_1")] == [busy.id]
    kept = scene.devices.get(busy.id)
    assert kept is not None and "403" in kept.trouble and kept.failed == scene.clock.now()


async def test_a_test_goes_to_an_own_device_alone(scene: Scene) -> None:
    device = await scene.device()
    with pytest.raises(DeviceUnknown):
        await scene.pusher.trial("usr_2", device.id)
    await scene.pusher.trial("usr_1", device.id)
    assert scene.told()[0].payload["kind"] == "trial"
    scene.service.answer = lambda endpoint: (404, {})
    with pytest.raises(PushFailed):
        await scene.pusher.trial("usr_1", device.id)
    assert not scene.devices.of_user("usr_1")


async def test_devices_are_one_s_own_and_not_without_number(scene: Scene) -> None:
    device = await scene.device()
    for act in (scene.devices.remove("usr_2", device.id), scene.devices.choose("usr_2", device.id, Choices())):
        with pytest.raises(DeviceUnknown):
            await act
    for _ in range(MOST - 1):
        await scene.device()
    with pytest.raises(DeviceUnusable):
        await scene.device()


async def test_the_key_is_made_once_and_a_damaged_one_anew(scene: Scene) -> None:
    first = await scene.pusher.key()
    assert (await KeyKeeper(scene.vault)()).public == first.public
    scene.vault["vapid"] = "!"
    assert (await KeyKeeper(scene.vault)()).public != first.public

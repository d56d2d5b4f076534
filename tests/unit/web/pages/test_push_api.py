# SPDX-License-Identifier: MIT
"""Notified devices and signed-in browsers over the API, with the real devices and logins."""

from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.access.who import Who
from opencode_nexus.core.bus import Bus
from opencode_nexus.notify.devices import Devices
from opencode_nexus.notify.errors import DeviceUnknown, DeviceUnusable
from opencode_nexus.store.push import PushDevices
from opencode_nexus.web.api import logins, notifications
from opencode_nexus.web.api.models.notification import NotifyChoices, QuietHours
from tests.fakes.push_service import Receiver
from tests.unit.web.pages.conftest import OWNER, PASSWORD, Desk

pytestmark = pytest.mark.anyio

LOCAL = Who("local", "local")


@pytest.fixture
async def hub(desk: Desk) -> Any:
    desk.hub.push = SimpleNamespace(devices=Devices(PushDevices(desk.hub.stored._db), Bus(desk.clock), desk.clock))
    return desk.hub


async def test_a_device_is_told_what_was_chosen_and_then_nothing(hub: Any) -> None:
    login = hub.access.authenticate(await hub.access.login(OWNER, PASSWORD, "127.0.0.1"))
    told = Receiver("https://push.example.com/1").subscription()
    keys = {"endpoint": told["endpoint"], **told["keys"]}
    row = await hub.push.devices.subscribe(
        login.user_id, login.key, origin="http://localhost", agent="Firefox", zone="", **keys
    )
    wanted = NotifyChoices(
        kinds=["question"], hide=True, quiet=QuietHours(start="22:30", end="06:00", zone="Asia/Tokyo")
    )
    chosen = await notifications.choose_notified(hub, LOCAL, row.id, wanted)
    assert (await notifications.list_notified(hub, LOCAL)).items == [chosen]
    assert (chosen.kinds, chosen.hide, chosen.quiet, chosen.signed_out) == (["question"], True, wanted.quiet, False)
    same = NotifyChoices(kinds=[], quiet=QuietHours(start="06:00", end="06:00"))
    with pytest.raises(DeviceUnusable):
        await notifications.choose_notified(hub, LOCAL, row.id, same)
    with pytest.raises(DeviceUnknown):
        await notifications.choose_notified(hub, Who("other", "token", user_id="usr_other"), row.id, wanted)
    await notifications.remove_notified(hub, LOCAL, row.id)
    assert (await notifications.list_notified(hub, LOCAL)).items == []


async def test_browsers_are_signed_out_but_not_the_one_that_asks(hub: Any) -> None:
    request: Any = SimpleNamespace(state=SimpleNamespace(sender=SimpleNamespace(address="127.0.0.1")))
    first, second, third = [await hub.access.login(OWNER, PASSWORD, "127.0.0.1") for _ in range(3)]
    me, other = hub.access.authenticate(first), hub.access.authenticate(second)
    assert [one.here for one in (await logins.list_logins(hub, me)).items].count(True) == 1
    await logins.end_login(hub, me, request, other.key)
    assert [hub.access.authenticate(one) is None for one in (first, second, third)] == [False, True, False]
    await logins.end_other_logins(hub, me, request)
    assert [hub.access.authenticate(one) is None for one in (first, third)] == [False, True]
    await logins.end_other_logins(hub, LOCAL, request)
    assert hub.access.authenticate(first) is None

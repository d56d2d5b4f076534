# SPDX-License-Identifier: MIT
"""/notifications: the browsers that are told of what enters the inbox. A browser switches them on by itself."""

from fastapi import APIRouter

from opencode_nexus.notify.devices import Choices
from opencode_nexus.notify.errors import DeviceUnusable, PushFailed
from opencode_nexus.notify.quiet import Quiet, clock, minutes
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.logins import account
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.api.models.notification import NotifiedDevice, NotifyChoices, QuietHours
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/notifications", tags=["notifications"])


def _devices(hub: Hub, user_id: str) -> list[NotifiedDevice]:
    found = []
    for row in hub.push.devices.of_user(user_id):
        quiet = Choices.of(row).quiet
        hours = QuietHours(start=clock(quiet.start), end=clock(quiet.end), zone=quiet.zone) if quiet else None
        found.append(
            NotifiedDevice(
                id=row.id,
                agent=row.agent,
                address=row.origin,
                kinds=list(row.kinds),
                hide=row.hide,
                quiet=hours,
                created=row.created,
                told=row.told,
                trouble=row.trouble,
                signed_out=row.login_id is None,
            )
        )
    return found


@router.get("")
async def list_notified(hub: HubDep, who: WhoDep) -> Items[NotifiedDevice]:
    """List your browsers that are told."""
    return Items(items=_devices(hub, account(hub, who)))


@router.put("/{device_id}")
async def choose_notified(hub: HubDep, who: WhoDep, device_id: str, wanted: NotifyChoices) -> NotifiedDevice:
    """Choose what a browser is told, and when not."""
    quiet, user_id = None, account(hub, who)
    if wanted.quiet is not None:
        start, end = minutes(wanted.quiet.start), minutes(wanted.quiet.end)
        if start is None or end is None or start == end:
            raise DeviceUnusable("Quiet hours need two different times.", hint="Write them as 22:00 and 07:00.")
        quiet = Quiet(start, end, wanted.quiet.zone)
    await hub.push.devices.choose(user_id, device_id, Choices(tuple(wanted.kinds), wanted.hide, quiet))
    return next(one for one in _devices(hub, user_id) if one.id == device_id)


@router.delete("/{device_id}", status_code=204)
async def remove_notified(hub: HubDep, who: WhoDep, device_id: str) -> None:
    """Tell a browser nothing any more."""
    await hub.push.devices.remove(account(hub, who), device_id)


@router.post("/{device_id}/test", status_code=204)
async def test_notified(hub: HubDep, who: WhoDep, device_id: str) -> None:
    """Send a test to a browser; 502 with what its push service answered when it was not taken."""
    try:
        await hub.push.trial(account(hub, who), device_id)
    except OSError as error:
        raise PushFailed(str(error)) from error

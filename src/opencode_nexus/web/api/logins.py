# SPDX-License-Identifier: MIT
"""/logins: the browsers that are signed in, by password or by a link."""

from fastapi import APIRouter, Request

from opencode_nexus.access.errors import NoOwner, ScopeMissing
from opencode_nexus.access.who import Who
from opencode_nexus.web.api.deps import HubDep, WhoDep
from opencode_nexus.web.api.devices import device_of
from opencode_nexus.web.api.models.device import Device, NewPairing, SignInLink
from opencode_nexus.web.api.models.items import Items
from opencode_nexus.web.context import Hub

router = APIRouter(prefix="/logins", tags=["access"])


def account(hub: Hub, who: Who) -> str:
    """Return the id of the account that `who` acts for: its own, the owner's for the machine's own user."""
    user_id = who.user_id or next((user.id for user in hub.access.users()), "")
    if not user_id:
        raise NoOwner()
    return user_id


@router.get("")
async def list_logins(hub: HubDep, who: WhoDep) -> Items[Device]:
    """List the browsers that are signed in, last used first."""
    return Items(items=[device_of(row, who) for row in hub.access.logins(account(hub, who))])


@router.post("/link", status_code=201)
async def make_sign_in_link(hub: HubDep, who: WhoDep, request: Request, new: NewPairing) -> SignInLink:
    """Make an address that signs a browser of this machine in, once: the set-up's where there is no owner yet.

    For the machine's own user, who can do all that the owner can.
    """
    if who.via != "local":
        raise ScopeMissing("Only a program of the user who runs the hub may do this.")
    if not hub.access.has_owner():
        return SignInLink(url=f"{hub.address}setup?link={hub.wizard.code.link()}")
    invited = await hub.pairing.invite(who, new.name, source=request.state.sender.address, here=True)
    return SignInLink(url=hub.address.rstrip("/") + invited.path)


@router.delete("/{login_id}", status_code=204)
async def end_login(hub: HubDep, who: WhoDep, request: Request, login_id: str) -> None:
    """Sign a browser out; it is out at once."""
    request.state.farewell = True
    await hub.access.revoke_login(account(hub, who), login_id, source=request.state.sender.address)


@router.delete("", status_code=204)
async def end_other_logins(hub: HubDep, who: WhoDep, request: Request) -> None:
    """Sign all browsers out but the one that asks."""
    keep = who.key if who.via == "session" else None
    await hub.access.revoke_other_logins(account(hub, who), keep, source=request.state.sender.address)

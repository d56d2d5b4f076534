# SPDX-License-Identifier: MIT
"""What the hub does at Cloudflare with a person's API token. Keeps none: the token comes with each call."""

import asyncio

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.providers.cloudflare.client import BASE, JSON, Client
from opencode_nexus.tunnels.providers.cloudflare.errors import (
    ApiPermissionMissing,
    ApiTokenInactive,
    ApiTokenInvalid,
    CloudflareError,
)
from opencode_nexus.tunnels.providers.cloudflare.making import Making
from opencode_nexus.tunnels.providers.cloudflare.permissions import (
    RECORDS,
    TUNNEL,
    ZONES,
    CloudAccount,
    Grant,
    Needed,
    Permission,
    Verified,
    Zone,
)
from opencode_nexus.tunnels.providers.cloudflare.removal import PAUSE, find_record, find_tunnel, remove
from opencode_nexus.tunnels.providers.cloudflare.steps import Made, Report, Step, Steps, Wish, nothing_told

ASKED = 20  # accounts that are asked whether tunnels can be edited; people have one or two
_BEST_FIRST: tuple[Grant, ...] = ("granted", "not known", "missing")
_EDIT = "#dns_records:edit"


class Account:
    """Cloudflare's API at `base`; `pause` is the first wait between tries of a removal."""

    def __init__(self, base: str = BASE, *, pause: float = PAUSE) -> None:
        self._base, self._pause = base, pause

    async def verify(self, token: Secret) -> Verified:
        """What the token is good for; raises when it is good for nothing, or Cloudflare cannot be asked."""
        async with Client(token, self._base) as client:
            found, zones_denied = await _zones(client)
            accounts = await _accounts(client, found)
            expires = await _expiry(client, list(accounts))
            grants = await asyncio.gather(*(client.may_edit_tunnels(account) for account in list(accounts)[:ASKED]))
        zones = [_zone(zone) for zone in found]
        edits = dict(zip(accounts, grants, strict=False))
        owned = tuple(CloudAccount(key, name, edits.get(key, "not known")) for key, name in accounts.items())
        seen: Grant = "granted" if zones else "missing"
        return Verified(
            (
                _permission(TUNNEL, [account.tunnels for account in owned]),
                _permission(RECORDS, [zone.dns for zone in zones]),
                _permission(ZONES, [seen], zones_denied or ("" if zones else "It sees no domain.")),
            ),
            owned,
            tuple(zones),
            expires,
        )

    async def create(self, token: Secret, wish: Wish, report: Report = nothing_told) -> Made:
        """Make tunnel, ingress and DNS record; a half-made one is rolled back, also when this is cancelled.

        `report` hears each change of a step, with what exists then. An error has the steps in its data; HalfMade: the
        rollback failed too, and `left` names what is still there.
        """
        async with Client(token, self._base) as client:
            return await Making(client, wish, report, self._pause).run()

    async def point(self, token: Secret, made: Made, service: str) -> None:
        """Lead the tunnel to another local address."""
        async with Client(token, self._base) as client:
            await client.put_ingress(made.account, made.tunnel_id, made.hostname, service)

    async def tunnel_token(self, token: Secret, made: Made) -> Secret:
        """The token that cloudflared runs the tunnel with."""
        async with Client(token, self._base) as client:
            return await client.tunnel_token(made.account, made.tunnel_id)

    async def delete(self, token: Secret, made: Made, report: Report = nothing_told) -> tuple[Step, ...]:
        """Delete what we made and nothing else; the steps that were taken. Its cloudflared must have been stopped.

        A hub that was killed while it made the tunnel, or the record, does not know its id: it is looked for then.
        """
        steps = Steps(made, report)
        async with Client(token, self._base) as client:
            if made.asked and not made.tunnel_id:
                await find_tunnel(client, steps)
                made = steps.made
            if made.tunnel_id and not made.record:
                await find_record(client, steps)
            await remove(client, steps, self._pause)
        return steps.all()


async def _zones(client: Client) -> tuple[list[JSON], str]:
    """The domains as the API has them, and why they cannot be listed."""
    try:
        return await client.zones(), ""
    except ApiPermissionMissing as error:
        return [], error.detail


def _zone(found: JSON) -> Zone:
    told = found.get("permissions")  # what this token may do there; not every kind of token is told
    dns: Grant = "not known" if not told else "granted" if _EDIT in told else "missing"
    account = str((found.get("account") or {}).get("id", ""))
    return Zone(str(found["id"]), str(found["name"]), account, str(found.get("status", "")), dns)


async def _accounts(client: Client, zones: list[JSON]) -> dict[str, str]:
    """Id → name. The list leaves out accounts of which the token reaches only domains, and is refused to a token that
    an account owns; so the domains' own accounts are added.
    """
    try:
        found = {str(account["id"]): str(account.get("name", "")) for account in await client.accounts()}
    except (ApiPermissionMissing, CloudflareError):
        found = {}
    for owner in (zone.get("account") or {} for zone in zones):
        if owner.get("id"):
            found.setdefault(str(owner["id"]), str(owner.get("name", "")))
    return found


async def _expiry(client: Client, accounts: list[str]) -> str | None:
    """When the token expires; raises ApiTokenInvalid or ApiTokenInactive."""
    try:
        said = await client.verify()
    except (ApiTokenInvalid, ApiPermissionMissing) as unknown:
        # a token that an account owns is not known as a user's
        for account in accounts:
            try:
                said = await client.verify(account)
                break
            except (ApiTokenInvalid, ApiPermissionMissing):
                continue
        else:
            raise ApiTokenInvalid(unknown.detail) from None
    if said.get("status") != "active":
        raise ApiTokenInactive(f"Cloudflare says: {said.get('status')}.")
    return said.get("expires_on") or None


def _permission(needed: Needed, grants: list[Grant], detail: str = "") -> Permission:
    """The best that any account or zone has."""
    state: Grant = next((grant for grant in _BEST_FIRST if grant in grants), "not known")
    if state == "not known" and not detail:
        detail = "Whether it may shows when it is used."
    return Permission(needed.name, needed.why, state, detail)

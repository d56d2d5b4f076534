# SPDX-License-Identifier: MIT
"""Makes a tunnel, where it leads, and its name, step by step; whatever goes wrong, nothing half-made stays."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from opencode_nexus.core.errors import NexusError
from opencode_nexus.tunnels.errors import BadTunnel
from opencode_nexus.tunnels.providers.cloudflare.client import Client
from opencode_nexus.tunnels.providers.cloudflare.errors import (
    CloudflareDown,
    CloudflareUnreachable,
    CloudflareUnreadable,
    HalfMade,
    NameTaken,
)
from opencode_nexus.tunnels.providers.cloudflare.removal import PAUSE, find_record, find_tunnel, remove
from opencode_nexus.tunnels.providers.cloudflare.steps import Made, Report, Steps, Wish

log = logging.getLogger(__name__)

_UNANSWERED = (CloudflareUnreachable, CloudflareDown, CloudflareUnreadable)


class Making:
    """One making. `_open` names what was asked for and never answered: it may exist without our knowing."""

    def __init__(self, client: Client, wish: Wish, report: Report, pause: float = PAUSE) -> None:
        self._client, self._wish, self._pause = client, wish, pause
        self._steps = Steps(Made(wish.account, wish.zone, wish.hostname), report)
        self._open = ""

    async def run(self) -> Made:
        """Take all steps; raises the error of the one that failed, with `steps` in its data, after undoing the rest."""
        try:
            return await self._all_steps()
        except BaseException as error:  # a cancelled making is undone too
            await self._undo(error)
            if isinstance(error, NexusError):
                error.data["steps"] = self._steps.data()
            raise

    async def _all_steps(self) -> Made:
        client, wish, steps = self._client, self._wish, self._steps
        async with steps.taken("check"):
            await self._check()
        account, zone = steps.made.account, steps.made.zone
        steps.now(asked=wish.name)
        async with steps.taken("tunnel"):
            with self._asking("tunnel"):
                tunnel, token = await client.make_tunnel(account, wish.name)
            steps.now(tunnel_id=tunnel, token=token)
        async with steps.taken("ingress"):
            await client.put_ingress(account, tunnel, wish.hostname, wish.service)
        async with steps.taken("dns"):
            with self._asking("dns"):
                record = await client.make_record(zone, wish.hostname, tunnel)
            steps.now(record=record)
        async with steps.taken("token"):
            if steps.made.token is None:
                steps.now(token=await client.tunnel_token(account, tunnel))
        steps.now(asked="")
        return steps.made

    async def _check(self) -> None:
        """The zone holds the name, the account is the zone's, and no tunnel has the name: else nothing is made."""
        client, wish = self._client, self._wish
        if wish.zone:
            zones = [await client.zone(wish.zone)]
        else:
            zones = [zone for zone in await client.zones() if _within(wish.hostname, zone["name"])]
        zone = max(zones, key=lambda zone: len(zone["name"]), default=None)
        if zone is None or not _within(wish.hostname, zone["name"]):
            told = zone["name"] if zone else "any domain that this token reaches"
            raise BadTunnel(f"{wish.hostname} does not lie in {told}.", field="hostname")
        account = str(zone["account"]["id"])
        if wish.account not in ("", account):
            raise BadTunnel(f"{zone['name']} belongs to another account, {zone['account']['name']}.", field="account")
        self._steps.now(account=account, zone=str(zone["id"]))
        if await client.tunnels_named(account, wish.name):
            raise NameTaken(f"It is {wish.name!r}.")

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        self._open = what
        try:
            yield
        except NexusError as error:
            if not isinstance(error, _UNANSWERED):  # a plain no: what has this name then is not ours
                self._open = ""
                if what == "tunnel":
                    self._steps.now(asked="")
            raise
        self._open = ""

    async def _undo(self, error: BaseException) -> None:
        steps = self._steps
        try:
            if self._open:
                await self._find_what_was_asked()
            await remove(self._client, steps, self._pause)
            steps.now(asked="")
            await steps.settled()
        except NexusError as hindrance:
            if not isinstance(error, NexusError):  # cancelled: that has to be heard, not this
                log.warning("a half-made tunnel is left at Cloudflare (%s): %s", steps.made.tunnel_id, hindrance)
                return
            left = {"tunnel_id": steps.made.tunnel_id, "record": steps.made.record, "name": self._wish.name}
            raise HalfMade(
                f"{error} Then, when it was to be taken back: {hindrance}", left=left, steps=steps.data()
            ) from error

    async def _find_what_was_asked(self) -> None:
        """An answer that never came leaves open whether it was done. There was no tunnel of this name before, and
        nobody else's record leads to our tunnel, so what is found now is ours.
        """
        find = find_tunnel if self._open == "tunnel" else find_record
        await find(self._client, self._steps)


def _within(hostname: str, zone: str) -> bool:
    return hostname == zone or hostname.endswith("." + zone)

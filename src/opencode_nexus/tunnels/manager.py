# SPDX-License-Identifier: MIT
"""All tunnels of this hub."""

import asyncio
import dataclasses
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.processes.logfile import last_lines
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.db import Database
from opencode_nexus.store.place import settle
from opencode_nexus.store.tunnels import TunnelRow, TunnelTable
from opencode_nexus.tunnels.around import Around, Wanted
from opencode_nexus.tunnels.cloud import Cloud, api_token_name, stands
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.errors import (
    BadTunnel,
    BadTunnelToken,
    NoOwnerYet,
    TunnelExists,
    TunnelNotFound,
    TunnelsNotOpen,
    TunnelStopped,
)
from opencode_nexus.tunnels.lines import shown
from opencode_nexus.tunnels.origins import Origins
from opencode_nexus.tunnels.pauses import Pauses
from opencode_nexus.tunnels.program import Program
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.run import TunnelRuns, Vault, token_name
from opencode_nexus.tunnels.status import SelfTest, TunnelInfo, TunnelStatus
from opencode_nexus.tunnels.takeup import TakeUp, mark_prefix
from opencode_nexus.tunnels.token import parse_token, read_credentials
from opencode_nexus.tunnels.tunnel import Tunnel
from opencode_nexus.tunnels.visits import Test

log = logging.getLogger(__name__)

Infos = list[TunnelInfo]  # inside the class `list` is a method
Words = list[str]


class Manager:
    """Adds, starts, watches, stops and removes tunnels; tells the bus (topics "tunnel" and "tunnel-removed").

    `program` says which cloudflared to run, `origins` where the hub listens for tunnels, `arguments` further flags,
    `environ` what the user's own programs find, `test` visits a public address, `account` is Cloudflare's API.
    """

    def __init__(
        self,
        *,
        db: Database,
        bus: Bus,
        clock: Clock,
        home: Path,
        activity: Activity,
        vault: Vault,
        program: Callable[[], Awaitable[Program]],
        origins: Origins,
        has_owner: Callable[[], bool],
        arguments: Callable[[], str],
        environ: Mapping[str, str],
        test: Test | None = None,
        account: Account | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        self._clock, self._bus, self._vault = clock, bus, vault
        self._store, self._tasks = TunnelTable(db), Tasks()
        self._has_owner = has_owner
        self._runs = TunnelRuns(self._store, vault, clock, home, origins, environ, arguments, mark_prefix(home))
        self._cloud = Cloud(account, vault, bus, origins) if account is not None else None
        self._around = Around(
            self._runs, bus, self._tasks, activity, program, test, pauses or Pauses(), self._note_names, self._save
        )
        self._takeup = TakeUp(self._runs, self._around, self._cloud, has_owner, lambda: settle(db, home))
        self._known: dict[str, Tunnel] | None = None
        self._taken_up = asyncio.Event()
        self._trouble: BaseException | None = None  # what `open` raised
        self._closings = 0
        self._hostnames, self._pids = frozenset[str](), frozenset[int]()

    # -- the hub's start and end ---------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take up what still runs, end what is left over, and start what is to be started by itself."""
        try:
            await self._takeup.begin(self._tunnels(), self._unless_closed)
        except BaseException as error:
            self._trouble = error
            raise
        finally:
            self._taken_up.set()

    async def close(self) -> None:
        """Close all tunnels: nobody would answer at their addresses."""
        await asyncio.gather(*(tunnel.stop() for tunnel in self._tunnels().values()))
        await self._tasks.close()

    # -- looking -------------------------------------------------------------------------------------------------

    def list(self) -> Infos:
        """Return every tunnel, oldest first."""
        return [tunnel.info() for tunnel in self._tunnels().values()]

    def get(self, id_or_name: str) -> TunnelInfo:
        """Return one tunnel by its id or its name; raises TunnelNotFound."""
        key = _key(id_or_name)
        for tunnel in self._tunnels().values():
            if tunnel.id == id_or_name or _key(tunnel.config.name) == key:
                return tunnel.info()
        raise TunnelNotFound(f"{id_or_name}.", tunnel=id_or_name)

    def get_tunnel_status(self, tunnel_id: str) -> TunnelStatus:
        """Return how a tunnel is now; raises TunnelNotFound."""
        return self._tunnel(tunnel_id).status()

    async def logs(self, tunnel_id: str, lines: int = 200) -> Words:
        """Return the last lines that its cloudflareds wrote, oldest first, without secrets; raises TunnelNotFound."""
        path = self._runs.log(self._tunnel(tunnel_id).id)

        def read() -> Words:
            kept = [self._vault.get(name) for name in (token_name(tunnel_id), api_token_name(tunnel_id))]
            return shown(last_lines(path, lines), [Secret(value) for value in kept if value])

        return await asyncio.to_thread(read)

    def hostnames(self) -> frozenset[str]:
        """Return the public names that lead here now, in small letters."""
        return self._hostnames

    def pids(self) -> frozenset[int]:
        """Return the process ids of our cloudflareds that run."""
        return self._pids

    def visited(self, hostname: str) -> None:
        """Somebody who may come in has come through that name: its tunnel is not idle."""
        name = hostname.lower()
        for tunnel in self._tunnels().values():
            if name in tunnel.names():
                tunnel.visited()

    def _note_names(self) -> None:
        tunnels = self._tunnels().values()
        self._hostnames = frozenset(name for tunnel in tunnels for name in tunnel.names())
        self._pids = frozenset(pid for tunnel in tunnels if (pid := tunnel.pid()) is not None)

    # -- changing ------------------------------------------------------------------------------------------------

    async def create_tunnel(self, config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
        """Add a tunnel without starting it; raises BadTunnel, BadTunnelToken, TunnelExists or a CloudflareError.

        `secret` is the tunnel's token (kind token), or the API token with which it is made at Cloudflare (kind api).
        """
        config = dataclasses.replace(
            config.checked(), name=config.name.strip(), tunnel_id="", record="", service="", asked=""
        )
        self._check_hostname(config)
        await self._check_secret(config, secret, needed=True)
        tunnel = Tunnel(new_id("tun"), config, self._clock.now(), self._around)
        await self._save(tunnel, config)
        try:
            await self._keep_secret(tunnel.id, config, secret)
            if config.kind == "api":
                await self._make(tunnel, secret)
        except BaseException:
            if not stands(tunnel.config):
                await self._forget(tunnel.id)
            else:  # it could not be rolled back: it stays, so that removing it can be tried again
                self._tunnels()[tunnel.id] = tunnel
                tunnel.tell()
            raise
        self._tunnels()[tunnel.id] = tunnel
        tunnel.tell()
        await tunnel.note("tunnel-added", f"The tunnel {config.name} was added.")
        return tunnel.info()

    async def change_tunnel(self, tunnel_id: str, config: TunnelConfig, *, secret: Secret | None = None) -> TunnelInfo:
        """Keep what is wanted now; one that runs goes on as it was (`stale`) until it is restarted.

        Raises TunnelNotFound, BadTunnel, BadTunnelToken or TunnelExists. Kind, and for kind api the place at
        Cloudflare, stay what they were.
        """
        tunnel = self._tunnel(tunnel_id)
        config, was = config.checked(), tunnel.config
        if config.hostname != was.hostname:
            self._check_hostname(config)
        if config.kind != was.kind:
            raise BadTunnel("A tunnel stays of its kind: make another one.", field="kind")
        if was.kind == "api":
            for field in ("hostname", "account", "zone"):
                if getattr(config, field) != getattr(was, field):
                    raise BadTunnel("A tunnel made at Cloudflare keeps its place there: make another one.", field=field)
        config = dataclasses.replace(
            config, name=config.name.strip(), tunnel_id=was.tunnel_id, record=was.record, service=was.service,
            asked=was.asked,
        )  # fmt: skip
        await self._check_secret(config, secret, needed=False)
        await self._save(tunnel, config)
        await self._keep_secret(tunnel_id, config, secret)
        tunnel.change(config, secret=secret is not None and config.kind == "token")
        return tunnel.info()

    def _check_hostname(self, config: TunnelConfig) -> None:
        if config.hostname and self._runs.origins.taken(config.hostname):
            on_this_side = f"The hub answers to {config.hostname} on this side already"
            raise BadTunnel(f"{on_this_side}: choose another name, or take it out of allowed_hosts.", field="hostname")

    async def remove_tunnel(self, tunnel_id: str) -> None:
        """Stop a tunnel, delete what was made for it at Cloudflare and nothing else, and forget it.

        Raises TunnelNotFound, or a CloudflareError: then it is still there, and can be removed again.
        """
        self._tunnel(tunnel_id).closings += 1
        tunnel = await self._settled(tunnel_id)
        await tunnel.stop()
        if tunnel.config.kind == "api" and self._cloud is not None:
            await self._cloud.delete(tunnel_id, tunnel.config)
        await self._forget(tunnel_id)
        self._tunnels().pop(tunnel_id, None)
        self._note_names()
        self._bus.publish("tunnel-removed", tunnel_id)
        await tunnel.note("tunnel-removed", f"The tunnel {tunnel.config.name} was removed.")

    @property
    def closings(self) -> int:
        """How often everything was closed; whoever will start a tunnel later remembers it, see `start_tunnel`."""
        return self._closings

    async def start_tunnel(self, tunnel_id: str, *, since: int | None = None) -> TunnelInfo:
        """Return once its cloudflared is spawned; raises TunnelNotFound, NoOwnerYet or what the start met.

        It gives up, with TunnelStopped, when the tunnel or everything is closed before that; or was since `closings`
        had the value `since`.
        """
        return await self._start(tunnel_id, self._unless_closed(self._tunnel(tunnel_id), since))

    async def _start(self, tunnel_id: str, wanted: Wanted) -> TunnelInfo:
        tunnel = await self._settled(tunnel_id)
        if not self._has_owner():
            raise NoOwnerYet()
        if not wanted():
            raise TunnelStopped()
        await self._takeup.point(tunnel)
        await tunnel.start(wanted)
        return tunnel.info()

    async def stop_tunnel(self, tunnel_id: str) -> None:
        """Return when nothing of it runs, and nothing is on its way to starting it; raises TunnelNotFound."""
        self._tunnel(tunnel_id).closings += 1
        await (await self._settled(tunnel_id)).stop()

    async def restart_tunnel(self, tunnel_id: str) -> TunnelInfo:
        """Stop and start; raises what these raise."""
        wanted = self._unless_closed(self._tunnel(tunnel_id))
        await (await self._settled(tunnel_id)).stop()
        return await self._start(tunnel_id, wanted)

    def _unless_closed(self, tunnel: Tunnel, since: int | None = None) -> Wanted:
        """Return what tells later whether nobody has closed the tunnel, or everything, after this moment (`since`)."""
        before = self._closings if since is None else since, tunnel.closings
        return lambda: (self._closings, tunnel.closings) == before

    async def stop_all(self) -> Words:
        """Close every tunnel, all at once; returns the names of those that were open.

        What is on its way to opening one, a restart, the start of the hub, a call to Cloudflare, gives up.
        """
        self._closings += 1
        await self._taken_up.wait()
        open_now = [tunnel for tunnel in self._tunnels().values() if tunnel.active]
        await asyncio.gather(*(tunnel.stop() for tunnel in open_now))
        return [tunnel.config.name for tunnel in open_now]

    async def run_selftest(self, tunnel_id: str) -> SelfTest:
        """Visit the tunnel's public address now; raises TunnelNotFound."""
        return await self._tunnel(tunnel_id).test()

    # -- small things --------------------------------------------------------------------------------------------

    async def _check_secret(self, config: TunnelConfig, secret: Secret | None, *, needed: bool) -> None:
        if config.kind == "config":
            await asyncio.to_thread(read_credentials, config.credentials)
        if secret is None:
            if needed and config.kind == "token":
                raise BadTunnelToken("It is empty.", field="token")
            if needed and config.kind == "api":
                raise BadTunnel("This kind needs an API token.", field="token")
            return
        if config.kind == "token":
            parse_token(secret.reveal())
        elif config.kind == "api":
            if self._cloud is None:
                raise BadTunnel("Cloudflare's API is not available here.", field="kind")
            await self._cloud.check(secret)
        else:
            raise BadTunnel("This kind has no token.", field="token")

    async def _keep_secret(self, tunnel_id: str, config: TunnelConfig, secret: Secret | None) -> None:
        if secret is None:
            return
        if config.kind == "token":
            name, value = token_name(tunnel_id), parse_token(secret.reveal()).token
        else:
            name, value = api_token_name(tunnel_id), secret
        await asyncio.to_thread(self._vault.set, name, value.reveal())

    async def _make(self, tunnel: Tunnel, token: Secret | None) -> None:
        assert self._cloud is not None and token is not None  # _check_secret has seen to both

        async def keep(config: TunnelConfig) -> None:
            await self._save(tunnel, config)
            tunnel.config = config

        made, run_with = await self._cloud.make(tunnel.config, token, keep)
        await asyncio.to_thread(self._vault.set, token_name(tunnel.id), run_with.reveal())
        await keep(made)

    async def _save(self, tunnel: Tunnel, config: TunnelConfig) -> None:
        text = json.dumps(dataclasses.asdict(config), ensure_ascii=False)
        if not await self._store.save(TunnelRow(tunnel.id, _key(config.name), text, tunnel.created)):
            raise TunnelExists(f"{config.name}.", field="name")

    async def _forget(self, tunnel_id: str) -> None:
        await self._store.remove(tunnel_id)
        for name in (token_name(tunnel_id), api_token_name(tunnel_id)):
            await asyncio.to_thread(self._vault.delete, name)
        await asyncio.to_thread(self._runs.clean, tunnel_id)

    def _tunnels(self) -> dict[str, Tunnel]:
        if self._known is None:
            self._known = {
                row.id: Tunnel(row.id, _config(row.config), row.created, self._around) for row in self._store.all()
            }
        return self._known

    def _tunnel(self, tunnel_id: str) -> Tunnel:
        tunnel = self._tunnels().get(tunnel_id)
        if tunnel is None:
            raise TunnelNotFound(f"{tunnel_id}.", tunnel=tunnel_id)
        return tunnel

    async def _settled(self, tunnel_id: str) -> Tunnel:
        """Return the tunnel once what still ran at the hub's start is taken up; raises TunnelNotFound, TunnelsNotOpen.

        A start before that would make a second process beside the one that runs.
        """
        self._tunnel(tunnel_id)
        await self._taken_up.wait()
        if self._trouble is not None:
            raise TunnelsNotOpen(f"{self._trouble}.") from self._trouble
        return self._tunnel(tunnel_id)


def _key(name: str) -> str:
    return name.strip().casefold()


def _config(text: str) -> TunnelConfig:
    kept = json.loads(text)
    kept["allowed_mail"] = tuple(kept.get("allowed_mail", ()))
    return TunnelConfig(**kept)

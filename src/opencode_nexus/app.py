# SPDX-License-Identifier: MIT
"""The composition root: settings become objects, objects become a running hub. Only this file knows every package."""

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from opencode_nexus import __version__
from opencode_nexus.access.access import Access
from opencode_nexus.access.pairing import Pairing
from opencode_nexus.chat.actions import Actions
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.composing.composer import Composer
from opencode_nexus.chat.exchange import Exchange
from opencode_nexus.chat.inbox.accepting import Accepting
from opencode_nexus.chat.inbox.book import InboxBook
from opencode_nexus.chat.inbox.desk import InboxDesk
from opencode_nexus.chat.inbox.lines import InboxLines
from opencode_nexus.chat.inbox.rules import Rules
from opencode_nexus.chat.inbox.turns import Turns
from opencode_nexus.chat.search.index import SearchIndex
from opencode_nexus.chat.search.search import Search
from opencode_nexus.chat.usage.budgets import Budgets
from opencode_nexus.chat.usage.usage import TokenUsage
from opencode_nexus.cli.browser import open_browser
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.ids import new_token
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.fleet.fleet import Fleet
from opencode_nexus.fleet.limits import Limits
from opencode_nexus.install import ripgrep
from opencode_nexus.install.check import remark
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.errors import CloudflaredNotFound, CloudflaredNotSupported
from opencode_nexus.install.installer import Installer
from opencode_nexus.live.hub import Live
from opencode_nexus.notify.devices import Devices
from opencode_nexus.notify.keeping import KeyKeeper
from opencode_nexus.notify.pusher import Pusher
from opencode_nexus.notify.sender import Sender
from opencode_nexus.observe.alerts import Alerts
from opencode_nexus.observe.backup.backups import Backups, plan_of
from opencode_nexus.observe.cgroup import Cgroups
from opencode_nexus.observe.crash import Crashes
from opencode_nexus.observe.disk import Disk
from opencode_nexus.observe.guard import Guard
from opencode_nexus.observe.history import History
from opencode_nexus.observe.keeping_awake import KeepingAwake
from opencode_nexus.observe.logs import Logs
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.trees import Root
from opencode_nexus.observe.usage import Usage
from opencode_nexus.practice.practice import Practice
from opencode_nexus.render.page import environment
from opencode_nexus.secrets.keyring import SystemKeyring, service_of
from opencode_nexus.secrets.redact import Secret, redact
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.secrets.vault import Vault
from opencode_nexus.setup.wizard import Wizard
from opencode_nexus.store.accepting import AcceptingRows
from opencode_nexus.store.activity import Activity
from opencode_nexus.store.alerts import AlertRows
from opencode_nexus.store.audit import Audit
from opencode_nexus.store.budgets import BudgetStore
from opencode_nexus.store.damage import telling
from opencode_nexus.store.db import Database
from opencode_nexus.store.home import Home, HomeUnusable, RunningHub, default_home
from opencode_nexus.store.inbox import InboxRows
from opencode_nexus.store.journal import Journal
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.marks import Marks
from opencode_nexus.store.push import PushDevices
from opencode_nexus.store.rules import RuleRows
from opencode_nexus.store.samples import Samples
from opencode_nexus.store.sent import SentMessages
from opencode_nexus.store.temporary import take
from opencode_nexus.store.usage import UsageStore
from opencode_nexus.store.usage_reports import UsageReports
from opencode_nexus.tunnels.errors import CloudflaredMissing, CloudflaredTooOld
from opencode_nexus.tunnels.manager import Manager
from opencode_nexus.tunnels.program import Program
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.selftest import Tester
from opencode_nexus.web import topics
from opencode_nexus.web.alert_readings import readings
from opencode_nexus.web.application import Application
from opencode_nexus.web.checkup import Checkup
from opencode_nexus.web.context import Hub
from opencode_nexus.web.drafts import Drafts
from opencode_nexus.web.middleware.hosts import main_hosts
from opencode_nexus.web.opening import Opener
from opencode_nexus.web.page import Pages
from opencode_nexus.web.server import bind, serve
from opencode_nexus.web.static import StaticFiles
from opencode_nexus.web.tunnel_door import TunnelDoor

log = logging.getLogger(__name__)


class _Guarded:
    """The fleet as the guard of resources sees it."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.recycle, self.keep_running, self.stop = fleet.recycle, fleet.keep_running, fleet.stop

    def name(self, server_id: str) -> str:
        return self._fleet.get(server_id).name

    def limits(self, server_id: str) -> Limits:
        return self._fleet.get(server_id).limits

    def planned(self, server_id: str) -> str:
        return self._fleet.get(server_id).planned


@asynccontextmanager
async def composed(
    home: Home,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    local_token: str = "",
    logs: Logs | None = None,
    crashed: bool = False,
) -> AsyncIterator[Hub]:
    """Yield the hub's services, wired but not serving: the commands that work without a hub use them too.

    Opens the database; starts no server, measures nothing. Raises HomeUnusable, DatabaseDamaged, NewerDatabase,
    SettingsError.
    """
    clock = SystemClock()
    db = Database(home.database)
    try:
        await db.open()
    except (OSError, sqlite3.Error) as error:
        raise HomeUnusable(f"{home.database}: {error}.") from error
    async with AsyncExitStack() as closing:
        closing.enter_context(telling(home.database))  # what is damaged may be read long after the opening
        closing.push_async_callback(db.close)
        kv = Kv(db)
        settings = Settings.load(flags, environ, kv.get("settings", {}), default_home())
        tasks = Tasks()
        closing.push_async_callback(tasks.close)
        bus = Bus(clock)
        activity = Activity(db, bus, clock)
        if crashed:
            words = "The hub ended hard before this start. The page Logs has the crash report."
            await activity.add("hub-crashed", words, level="error")
        access = Access(db=db, clock=clock, bus=bus, activity=activity, local_token=local_token)
        installer = Installer(
            home=home.path, bus=bus, kv=kv, clock=clock, tasks=tasks, environ=environ,
            setting=lambda: hub.settings.opencode_binary, wanted=lambda: fleet.versions(),
        )  # fmt: skip
        practice = Practice(kv, clock)
        journal = Journal(db)
        sealed = SealedFile(home.path / "secrets")

        async def busy(server_id: str) -> bool:
            # what waits for the agent goes in the same moment in which the server would be restarted
            return bool(chat.busy(server_id)) or composer.queue.due(server_id)

        fleet = Fleet(
            db=db, bus=bus, clock=clock, home=home.path, activity=activity,
            vault=sealed, binary=installer.binary, environ=environ, busy=busy,
            on_stop=lambda: hub.settings.on_stop, starts_at_once=lambda: hub.settings.starts_at_once,
            close_after=lambda: 60.0 * hub.settings.close_idle_folders,
            heard=lambda server_id: chat.feeds.heard(server_id), hang_after=lambda: 60.0 * hub.settings.restart_hung,
            judge=remark, own_ports=lambda: {hub.door.main} if hub.address else (),
            child_config=lambda server_id: practice.opencode_config(),
        )  # fmt: skip
        chat = Chat(
            servers=fleet, journal=journal, sent=SentMessages(db), bus=bus, clock=clock, tasks=tasks, activity=activity
        )
        composer = Composer(home=home.path, db=db, chat=chat, bus=bus, clock=clock, tasks=tasks)
        actions = Actions(
            chat=chat, servers=fleet, marks=Marks(db), bus=bus, clock=clock, tasks=tasks,
            queued=lambda session_id: len(hub.composer.queue.of(session_id)),
        )  # fmt: skip
        book = InboxBook(InboxRows(db), bus, clock, redact)
        desk = InboxDesk(
            chat=chat, servers=fleet, book=book, rules=Rules(RuleRows(db), bus, clock), bus=bus,
            audit=Audit(db, timeline=activity),
            accepting=Accepting(AcceptingRows(db), bus, clock), clock=clock, tasks=tasks, redact=redact,
        )  # fmt: skip
        InboxLines(book, bus, activity, tasks, redact)
        turns = Turns(
            chat=chat, servers=fleet, book=book, bus=bus, clock=clock, tasks=tasks,
            watched=lambda server_id, session_id: hub.live.watched(f"chat:{server_id}:{session_id}"),
        )  # fmt: skip
        chat.feeds.listeners.add(desk)
        chat.feeds.listeners.add(turns)
        token_usage = TokenUsage(
            store=UsageStore(db), reports=UsageReports(db), feeds=chat.feeds, kv=kv, bus=bus, clock=clock, tasks=tasks,
            projects=lambda server_id: fleet.get(server_id).projects,
        )  # fmt: skip
        chat.feeds.listeners.add(token_usage)
        budgets = Budgets(
            store=BudgetStore(db), kv=kv, usage=token_usage, feeds=chat.feeds, stop=chat.abort, bus=bus,
            activity=activity, tasks=tasks,
        )  # fmt: skip
        search = SearchIndex(home.path / "search.db", servers=fleet, journal=journal, bus=bus, clock=clock)
        closing.push_async_callback(search.close)  # writes what was heard last
        chat.feeds.listeners.add(search)
        chat.feeds.listeners.add(fleet.idle_folders)
        cloudflared = CloudflaredInstaller(
            home=home.path, bus=bus, kv=kv, clock=clock, tasks=tasks, environ=environ,
            setting=lambda: hub.settings.cloudflared_binary,
        )  # fmt: skip

        async def program() -> Program:
            try:
                found = await cloudflared.program()
            except CloudflaredNotFound as error:
                raise CloudflaredMissing(error.detail) from error
            except CloudflaredNotSupported as error:
                raise CloudflaredTooOld(error.detail) from error
            return Program(found.path, found.version, found.sha256)

        door = TunnelDoor(home.path, kv, pids=lambda: tunnels.pids(), taken=lambda name: main_hosts(hub).allows(name))
        tester = Tester(front=settings.tunnel_front, base_path=settings.base_path, clock=clock)
        account = Account()
        vault = Vault(sealed, SystemKeyring(service_of(home.path)))
        push_key = KeyKeeper(vault)
        push = Pusher(
            devices=Devices(PushDevices(db), bus, clock), sender=Sender(push_key, clock), key=push_key, inbox=desk,
            looks=lambda login_id: hub.presence.looks(login_id), bus=bus, clock=clock, tasks=tasks,
        )  # fmt: skip
        tunnels = Manager(
            db=db, bus=bus, clock=clock, home=home.path, activity=activity,
            vault=vault, program=program, origins=door,
            has_owner=access.has_owner, arguments=lambda: hub.settings.cloudflared_arguments, environ=environ,
            test=tester.run, account=account,
        )  # fmt: skip
        opener = Opener(
            tunnels=tunnels, cloudflared=cloudflared, tasks=tasks, bus=bus, activity=activity,
            own=lambda: hub.settings.cloudflared_binary,
        )  # fmt: skip
        wizard = Wizard(
            home=home.path, kv=kv, clock=clock, installer=installer, access=access, fleet=fleet, practice=practice,
            environ=environ, tunnels=tunnels, opener=opener,
        )  # fmt: skip
        backups = Backups(
            home=home.path, vault=vault, names=sealed.names, plan=lambda: plan_of(hub.settings),
            sessions=lambda: sorted({disk.folders(one.id).database for one in fleet.list() if one.kind == "local"}),
            activity=activity, clock=clock, tasks=tasks,
        )  # fmt: skip
        machine = Machine(home.path)

        def roots() -> list[Root]:
            return [(s.id, s.pid, s.started) for s in fleet.list() if s.pid is not None and s.started is not None]

        guard = Guard(_Guarded(fleet), bus, clock, tasks, activity, Cgroups.find())
        disk = Disk(
            servers=lambda: {one.id: one.name for one in fleet.list() if one.kind == "local"},
            environment=lambda server_id: {
                **environ, **{one.name: one.value for one in fleet.variables(server_id) if one.value is not None}
            },
            runs=lambda server_id: fleet.get(server_id).state not in ("stopped", "failed"), clock=clock, tasks=tasks,
        )  # fmt: skip

        alerts = Alerts(
            rows=AlertRows(db), kv=kv, readings=lambda: readings(hub), bus=bus, clock=clock, tasks=tasks,
            activity=activity,
        )  # fmt: skip

        hub = Hub(
            settings=settings, clock=clock, bus=bus, access=access, activity=activity, stored=kv, machine=machine,
            usage=Usage(roots=roots, machine=machine, bus=bus, clock=clock, tasks=tasks, near=guard.near),
            history=History(samples=Samples(db, clock), machine=machine, bus=bus, clock=clock, disk=disk.bytes),
            guard=guard, disk=disk, alerts=alerts,
            installer=installer, practice=practice, fleet=fleet, chat=chat, search=Search(search, fleet, actions.trash),
            actions=actions, exchange=Exchange(chat, fleet, fleet), composer=composer,
            token_usage=token_usage, budgets=budgets,
            inbox_desk=desk, turns=turns, push=push,
            wizard=wizard, door=door, tunnels=tunnels,
            tester=tester, cloudflared=cloudflared, cloudflare=account, opener=opener, drafts=Drafts(clock),
            pairing=Pairing(db=db, clock=clock, access=access, activity=activity),
            live=Live(bus.boot, tasks), logs=logs or Logs(home.path / "logs"), backups=backups,
            pages=Pages(environment(), StaticFiles()), started=clock.now(),
        )  # fmt: skip
        hub.doctor = Checkup(lambda: hub).doctor(home, db, environ)
        closing.callback(KeepingAwake(bus=bus, settings=lambda: hub.settings, busy=chat.feeds.any_busy).close)
        closing.callback(topics.register(hub))
        yield hub


async def _run(flags: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    settings = Settings.load(flags, environ, {}, default_home())
    home = Home(settings.home)
    take(home)
    token = Secret(new_token())
    logs = Logs(home.path / "logs", ripgrep=lambda: ripgrep.find(environ))
    crashes = Crashes(home.path / "logs")
    logs.begin(settings)
    crashed = crashes.begin() is not None
    tasks = Tasks()
    tasks.spawn(logs.tidy(), "logs")
    try:
        async with composed(home, flags, environ, local_token=token.reveal(), logs=logs, crashed=crashed) as hub:
            logs.follow(hub.settings)
            hub.bus.listen(lambda record: logs.follow(hub.settings), "settings")
            await _serve(home, hub, environ, token.reveal())
    except NexusError:  # told in its own words: an address that is taken, say
        raise
    except Exception as error:
        logs.close()  # so that the report has its last lines
        if report := crashes.report(error):
            print(f"What happened is written down in {report}", file=sys.stderr)
        raise
    finally:
        await tasks.close()
        crashes.end()
        logs.close()
        home.release()


async def _serve(home: Home, hub: Hub, environ: Mapping[str, str], token: str) -> None:
    settings = hub.settings
    listener = bind(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    hub.door.main = port
    hub.address = f"http://{shown}:{port}{settings.base_path}/"

    async def ready() -> None:
        home.announce(RunningHub(os.getpid(), hub.address, token, hub.bus.boot))
        print(f"OpenCode Nexus is ready at {hub.address}", flush=True)
        log.info("%s, process %d, at %s", __version__, os.getpid(), hub.address)
        link = hub.address
        if not hub.access.has_owner():
            # the browser that we open needs no code; it is printed all the same, for when none appears
            link = f"{hub.address}setup?link={hub.wizard.code.link()}"
            print(f"Set-up code: {hub.wizard.code.issue()}  (for one browser; a restart prints another)", flush=True)
        if settings.open:
            open_browser(link, environ)
        await hub.doctor.say_orphans()  # before the two that end those of ours
        await asyncio.gather(hub.fleet.open(), hub.tunnels.open())
        hub.inbox_desk.settle()

    async def before_close() -> None:
        print("Stopping …", flush=True)
        await hub.live.close()
        await hub.tunnels.close()  # a normal stop closes the ways in, and with them what visitors hold open

    await hub.access.open()
    await hub.installer.open()
    await hub.cloudflared.open()
    await hub.door.open()
    await hub.practice.open()
    hub.actions.open()
    hub.inbox_desk.open()
    hub.alerts.open()
    hub.inbox_desk.alerted.open({alert.id for alert in hub.alerts.all()})
    hub.push.open()
    hub.composer.open()
    await hub.search.index.open()
    await hub.chat.open()
    hub.turns.open()
    hub.history.open()
    hub.guard.open()
    await hub.usage.open()
    hub.backups.open()
    hub.disk.open()
    try:
        application = Application(hub, hub.pages.static)
        await serve(application, listener, hub.closing, ready=ready, before_close=before_close, door=hub.door)
    finally:
        hub.history.close()
        hub.door.close()
        await hub.fleet.close()
        await hub.actions.close()
        hub.turns.close()
        hub.alerts.close()
        hub.inbox_desk.close()
        await hub.push.close()
        hub.composer.close()
        await hub.chat.close()
        await hub.installer.close()
        await hub.cloudflared.close()
        await hub.practice.close()


def run(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Run the hub until it is told to end; returns the exit status. Raises NexusError when it cannot begin."""
    if sys.platform == "win32":
        asyncio.run(_run(flags, environ))
    else:
        import uvloop

        uvloop.run(_run(flags, environ))
    return 0

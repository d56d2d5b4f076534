# SPDX-License-Identifier: MIT
"""The services that handlers use, made by `app.py` and found at `request.state.hub`."""

import asyncio
from dataclasses import dataclass, field

from opencode_nexus.access.access import Access
from opencode_nexus.access.pairing import Pairing
from opencode_nexus.chat.actions import Actions
from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.composing.composer import Composer
from opencode_nexus.chat.exchange import Exchange
from opencode_nexus.chat.inbox.desk import InboxDesk
from opencode_nexus.chat.inbox.turns import Turns
from opencode_nexus.chat.search.search import Search
from opencode_nexus.chat.usage.budgets import Budgets
from opencode_nexus.chat.usage.usage import TokenUsage
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.settings import Settings
from opencode_nexus.fleet.fleet import Fleet
from opencode_nexus.install.cloudflared.installer import CloudflaredInstaller
from opencode_nexus.install.installer import Installer
from opencode_nexus.live.hub import Live
from opencode_nexus.notify.pusher import Pusher
from opencode_nexus.observe.alerts import Alerts
from opencode_nexus.observe.backup.backups import Backups
from opencode_nexus.observe.disk import Disk
from opencode_nexus.observe.doctor.doctor import Doctor
from opencode_nexus.observe.guard import Guard
from opencode_nexus.observe.history import History
from opencode_nexus.observe.logs import Logs
from opencode_nexus.observe.machine import Machine
from opencode_nexus.observe.usage import Usage
from opencode_nexus.practice.practice import Practice
from opencode_nexus.setup.wizard import Wizard
from opencode_nexus.tunnels.manager import Manager
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.selftest import Tester
from opencode_nexus.web.drafts import Drafts
from opencode_nexus.web.opening import Opener
from opencode_nexus.web.page import Pages
from opencode_nexus.web.ports import ActivityLog, EditableSettings
from opencode_nexus.web.presence import Presence
from opencode_nexus.web.tunnel_door import TunnelDoor


@dataclass(slots=True)
class Hub:
    """One running hub; `closing` is set when it begins to stop, and `address` is where it is reached."""

    settings: Settings
    clock: Clock
    bus: Bus
    access: Access
    activity: ActivityLog
    stored: EditableSettings
    machine: Machine
    usage: Usage
    history: History
    guard: Guard
    disk: Disk
    alerts: Alerts
    installer: Installer
    practice: Practice
    fleet: Fleet
    chat: Chat
    search: Search
    composer: Composer
    inbox_desk: InboxDesk
    turns: Turns
    push: Pusher
    actions: Actions
    exchange: Exchange
    token_usage: TokenUsage
    budgets: Budgets
    wizard: Wizard
    door: TunnelDoor
    tunnels: Manager
    tester: Tester
    cloudflared: CloudflaredInstaller
    cloudflare: Account
    opener: Opener
    drafts: Drafts
    pairing: Pairing
    live: Live
    logs: Logs
    backups: Backups
    pages: Pages
    started: float
    address: str = ""
    doctor: Doctor = field(init=False)  # looks at this hub itself, so it comes after it
    presence: Presence = field(default_factory=Presence)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

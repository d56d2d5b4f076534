# SPDX-License-Identifier: MIT
"""The table of live topics: which page is fed by what, while somebody looks at it."""

from collections.abc import Callable

from opencode_nexus.web.badge import BadgeSource
from opencode_nexus.web.badge import follow as follow_badge
from opencode_nexus.web.chat_source import ChatSources
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.dashboard import DashboardSource
from opencode_nexus.web.pages.events_view import EventsSource
from opencode_nexus.web.pages.inbox_view import InboxSource
from opencode_nexus.web.pages.logs_view import LogsSource
from opencode_nexus.web.pages.remote import RemoteSource
from opencode_nexus.web.pages.remote_api import MakingSource
from opencode_nexus.web.pages.remote_tunnel import TunnelSource
from opencode_nexus.web.pages.resources import ResourcesSource
from opencode_nexus.web.pages.search import SearchSource
from opencode_nexus.web.pages.server_list import ServersSource
from opencode_nexus.web.pages.servers import ServerSource


def register(hub: Hub) -> Callable[[], None]:
    """Have `hub.live` know every topic; returns what ends those that follow the chats."""
    hub.live.register("dashboard", lambda rest: DashboardSource(hub))
    hub.live.register("servers", lambda rest: ServersSource(hub))
    hub.live.register("server", lambda rest: ServerSource(hub, rest))
    hub.live.register("resources", lambda rest: ResourcesSource(hub, rest))
    hub.live.register("inbox", lambda rest: InboxSource(hub, rest))
    hub.live.register("badge", lambda rest: BadgeSource(hub))
    follow_badge(hub)
    hub.live.register("search", lambda rest: SearchSource(hub))
    hub.live.register("events", lambda rest: EventsSource(hub, rest))
    hub.live.register("logs", lambda rest: LogsSource(hub, rest))
    hub.live.register("remote", lambda rest: RemoteSource(hub))
    hub.live.register("tunnel", lambda rest: TunnelSource(hub, rest))
    hub.live.register("tunnel-making", lambda rest: MakingSource(hub))
    chats = ChatSources(hub)
    hub.live.register("chat", chats)
    return chats.close

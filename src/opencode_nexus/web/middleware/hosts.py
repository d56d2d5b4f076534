# SPDX-License-Identifier: MIT
"""421 for a request whose Host is not ours."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opencode_nexus.access.errors import HostNotAllowed
from opencode_nexus.access.hosts import HostList, Hosts, PublicHosts, host_name
from opencode_nexus.web.context import Hub
from opencode_nexus.web.middleware.refusal import refuse


class HostsMiddleware:
    """Lets through what names one of our hosts, and leaves the list at `scope["state"]["hosts"]`.

    Each door has its own: through a tunnel the tunnels' public names and no other, elsewhere never those. So a
    tunnel that leads to the wrong door, past the marking of what is remote, finds it shut. Who holds this run's local
    key needs no right name: no other site's page has it, and `tunnel stop --all` must get in whatever is set.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._made: tuple[str, tuple[str, ...]] | None = None
        self._hosts = HostList("127.0.0.1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            hub, given = scope["state"]["hub"], HTTPConnection(scope).headers.getlist("host")
            public, remote = hub.tunnels.hostnames(), scope["state"]["remote"]
            hosts: Hosts = PublicHosts(public) if remote else self._own(hub)
            elsewhere = not remote and len(given) == 1 and host_name(given[0]) in public
            if (len(given) != 1 or elsewhere or not hosts.allows(given[0])) and not _is_command(scope, remote):
                shown = given[0] if given else ""
                return await refuse(scope, receive, send, HostNotAllowed(f"The host was {shown!r}."))
            scope["state"]["hosts"] = hosts
        await self._app(scope, receive, send)

    def _own(self, hub: Hub) -> HostList:
        wanted = _wanted(hub)
        if wanted != self._made:
            self._made, self._hosts = wanted, HostList(*wanted)
        return self._hosts


def main_hosts(hub: Hub) -> HostList:
    """The names that the main door answers to."""
    return HostList(*_wanted(hub))


def _wanted(hub: Hub) -> tuple[str, tuple[str, ...]]:
    # a host given by name listens on an address of that name, and that address is the one we print
    return hub.settings.host, (*hub.settings.allowed_hosts, *_place(hub.address))


def _is_command(scope: Scope, remote: bool) -> bool:
    kind, _, value = HTTPConnection(scope).headers.get("authorization", "").partition(" ")
    return not remote and kind.lower() == "bearer" and scope["state"]["hub"].access.is_local_key(value.strip())


def _place(address: str) -> tuple[str, ...]:
    """The host of our own address; nothing before there is one."""
    return (urlsplit(address).netloc,) if address else ()

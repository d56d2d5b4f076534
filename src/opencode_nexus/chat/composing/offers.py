# SPDX-License-Identifier: MIT
"""What can answer on a server: its models, agents and providers, and adding to them."""

import contextlib
from collections.abc import Callable

from opencode_nexus.chat import models as offered
from opencode_nexus.chat import own_servers as own
from opencode_nexus.chat.choices import Choices
from opencode_nexus.chat.errors import ProviderExists, ServerNotRunning, SessionsRunning
from opencode_nexus.chat.models import AgentChoice, ModelChoice, ProviderChoice
from opencode_nexus.chat.own_servers import OwnServer
from opencode_nexus.core.bus import Record
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client


class Offers:
    """The models of all servers. Methods raise what `chat.Chat` says of its own.

    `busy`: the sessions that run on a server; `running`: the ids of the servers that do; `folder`: a server's first
    folder, or ProjectUnknown.
    """

    def __init__(
        self,
        *,
        client: Callable[[str], Client],
        busy: Callable[[str], list[str]],
        running: Callable[[], list[str]],
        folder: Callable[[str], str],
        tasks: Tasks,
    ) -> None:
        self.client, self.busy, self._running, self._folder, self._tasks = client, busy, running, folder, tasks
        self.choices = Choices()
        self._reload: dict[str, str] = {}  # servers that have to load their models anew, and the provider that is new

    async def models(self, server_id: str, folder: str = "") -> tuple[list[ModelChoice], str | None]:
        """The models that can be chosen in a session's folder, and the default (None: OpenCode decides)."""
        return await offered.models(self.client(server_id), folder or self._folder(server_id))

    async def agents(self, server_id: str, folder: str = "") -> list[AgentChoice]:
        """The agents that can be chosen in a session's folder, the default first."""
        return await offered.agents(self.client(server_id), folder or self._folder(server_id))

    async def providers(self, server_id: str) -> list[ProviderChoice]:
        """Every provider that OpenCode knows. A 7 MB answer: not for every page."""
        return await offered.providers(self.client(server_id), self._folder(server_id))

    async def set_key(self, server_id: str, provider_id: str, key: str) -> None:
        """Let OpenCode keep a provider's key; its models are offered once nothing runs on the server.

        The provider's own default becomes the default in place of the practice model.
        """
        client = self.client(server_id)
        await client.set_key(offered.checked_provider_id(provider_id), key)
        await self._load_anew(provider_id)

    async def add_compatible(self, server_id: str, name: str, base_url: str, key: str, models: list[str]) -> str:
        """Add an OpenAI-compatible address; returns its provider id.

        Raises ProviderInvalid, ProviderExists, or SessionsRunning while something runs.
        """
        provider_id, patch = offered.compatible(name, base_url, models)
        client = self._quiet(server_id)
        if any(known.id == provider_id for known in await self.providers(server_id)):
            raise ProviderExists(f"Its id is {provider_id!r}.")
        await own.add(client, provider_id, patch, key.strip())
        await self._load_anew(provider_id)
        return provider_id

    async def own_servers(self, server_id: str) -> list[OwnServer]:
        """The OpenAI-compatible addresses that were added, by name."""
        return own.listed(await self.client(server_id).global_config())

    async def change_own(
        self, server_id: str, provider_id: str, name: str, base_url: str, key: str, models: list[str]
    ) -> None:
        """Change an own address; an empty key leaves the one that is kept.

        Raises OwnServerUnknown, ProviderInvalid, or SessionsRunning while something runs.
        """
        await own.change(self._quiet(server_id), provider_id, name, base_url, key.strip(), models)
        await self._load_anew(provider_id)

    async def remove_own(self, server_id: str, provider_id: str) -> None:
        """Take an own address out of use, and forget its key; raises OwnServerUnknown or SessionsRunning."""
        await own.remove(self._quiet(server_id), provider_id, self._folder(server_id))
        await self._load_anew("")

    def _quiet(self, server_id: str) -> Client:
        client = self.client(server_id)
        if self.busy(server_id):
            raise SessionsRunning
        return client

    async def _load_anew(self, provider_id: str) -> None:
        """Keys and addresses are common to all servers: each loads them as soon as nothing runs on it."""
        self._reload = dict.fromkeys(self._running(), provider_id)
        for server_id in tuple(self._reload):
            await self._reload_idle(server_id)

    async def _reload_idle(self, server_id: str) -> None:
        if server_id in self._reload and not self.busy(server_id):
            provider_id = self._reload.pop(server_id)
            with contextlib.suppress(ServerNotRunning):
                client = self.client(server_id)
                await client.dispose()
                self.choices.forget()
                await offered.leave_practice(client, self._folder(server_id), provider_id)

    def heard(self, record: Record) -> None:
        """Take note of a record of the topic "session"."""
        data = record.data
        if self._reload and isinstance(data, dict) and data.get("what") == "idle":
            server_id = str(data["server_id"])
            self._tasks.spawn(self._reload_idle(server_id), f"new models on {server_id}")

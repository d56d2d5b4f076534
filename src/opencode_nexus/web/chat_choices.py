# SPDX-License-Identifier: MIT
"""The models and agents to choose from, at hand: a page does not wait while OpenCode lists them again.

OpenCode answers three requests for them, one after the other with whatever else it does. They change when a
key or an address is added (then they are asked for anew), or when its configuration is edited by hand (then
the page after the next shows it).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from opencode_nexus.chat.chat import Chat
from opencode_nexus.chat.models import AgentChoice, ModelChoice
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.web.context import Hub

FRESH = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Choices:
    """What one server offers in one folder; `default` is None when OpenCode decides."""

    models: Sequence[ModelChoice]
    default: str | None
    agents: Sequence[AgentChoice]


@dataclass(slots=True)
class _Kept:
    """The newest answers by server process and folder, and the questions under way."""

    answers: dict[object, tuple[float, Choices]] = field(default_factory=dict)
    asking: set[object] = field(default_factory=set)
    tasks: Tasks = field(default_factory=Tasks)


_kept: "WeakKeyDictionary[Chat, _Kept]" = WeakKeyDictionary()


async def choices(hub: Hub, server_id: str, folder: str) -> Choices:
    """Return what the server offers in a folder (which may have a configuration of its own), as asked last.

    Raises ServerNotRunning or an OpenCodeError the first time.
    """
    server = hub.fleet.get(server_id)
    key = (server_id, server.pid, server.started, folder)
    kept = _kept.setdefault(hub.chat, _Kept())
    answer = kept.answers.get(key)
    if answer is None:
        return await _ask(hub, server_id, folder, kept, key)
    if hub.clock.monotonic() - answer[0] > FRESH and key not in kept.asking:
        kept.asking.add(key)
        kept.tasks.spawn(_again(hub, server_id, folder, kept, key), f"choices of {server_id}")
    return answer[1]


def forget(hub: Hub) -> None:
    """Ask again the next time: a key or an address was added."""
    _kept.pop(hub.chat, None)


async def _ask(hub: Hub, server_id: str, folder: str, kept: _Kept, key: object) -> Choices:
    chat = hub.chat
    (models, default), agents = await asyncio.gather(chat.models(server_id, folder), chat.agents(server_id, folder))
    found = Choices(models, default, agents)
    kept.answers[key] = (hub.clock.monotonic(), found)
    return found


async def _again(hub: Hub, server_id: str, folder: str, kept: _Kept, key: object) -> None:
    try:
        await _ask(hub, server_id, folder, kept, key)
    except NexusError:  # it has stopped, or is busy stopping; the next page asks it
        kept.answers.pop(key, None)
    finally:
        kept.asking.discard(key)

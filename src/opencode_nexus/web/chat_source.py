# SPDX-License-Identifier: MIT
"""Feeds the pages of one chat: the conversation's changes become the patches of its tree."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from opencode_nexus.chat.inbox.given import filled
from opencode_nexus.chat.sessions import SessionSummary
from opencode_nexus.chat.usage.usage import cost_of
from opencode_nexus.core.bus import Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live import ops
from opencode_nexus.live.channel import Channel
from opencode_nexus.live.errors import UnknownTopic
from opencode_nexus.live.ops import Op
from opencode_nexus.live.view import View
from opencode_nexus.opencode.state import Change, SessionState
from opencode_nexus.render.components.chats import chats
from opencode_nexus.render.components.head import HeadFacts
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.message import ABORTED
from opencode_nexus.render.components.queue import queue
from opencode_nexus.render.components.words import one_line, provider_error
from opencode_nexus.render.conversation import Conversation
from opencode_nexus.render.highlight import Highlighter
from opencode_nexus.render.tree import Box
from opencode_nexus.web.chat_facts import actions_facts
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.chat_forms import SAID

SETTLE = 0.3  # seconds in which further news of the list are taken together


class Lists:
    """The lists of chats by server, kept until something happens to one of its sessions.

    Sessions that another program makes cause no event, so whoever shows a kept list asks again behind it.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept: dict[str, Sequence[SessionSummary]] = {}
        self._events = 0
        hub.bus.listen(self._heard, "session", "server")

    async def of(self, server_id: str) -> tuple[Sequence[SessionSummary], bool]:
        """Return a server's chats, and whether they were just asked for; raises what `chat.sessions` raises."""
        found = self._kept.get(server_id)
        return (found, False) if found is not None else (await self.ask(server_id), True)

    async def ask(self, server_id: str) -> Sequence[SessionSummary]:
        """Return a server's chats as they are now."""
        before = self._events
        found = await self._hub.chat.sessions(server_id)
        if self._events == before:
            self._kept[server_id] = found
        return found

    def _heard(self, record: Record) -> None:
        self._events += 1
        data = record.data
        self._kept.pop(data.get("server_id", "") if isinstance(data, dict) else getattr(data, "id", ""), None)


class ChatSources:
    """Makes the source of each topic `chat:<server>:<session>`; they share coloured code and lists."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lists = Lists(hub)
        self._colours = Highlighter(asyncio.get_running_loop().call_soon_threadsafe)

    def __call__(self, rest: str) -> "ChatSource":
        server_id, _, session_id = rest.partition(":")
        if not session_id:
            raise UnknownTopic(f"Topic: chat:{rest[:80]}")
        return ChatSource(self._hub, server_id, session_id, self._colours, self._lists)

    def close(self) -> None:
        self._colours.close()


class ChatSource:
    """A `live.hub.Source`. `start` raises what `chat.conversation` raises, so a page of nothing is a 404."""

    def __init__(self, hub: Hub, server_id: str, session_id: str, colours: Highlighter, lists: Lists) -> None:
        self._hub, self._colours, self._lists = hub, colours, lists
        self._links = Links(hub.settings.base_path, server_id, session_id)
        self._ends: list[Callable[[], Any]] = []
        self._tasks = Tasks()
        self._words: list[Op] = []
        self._refresh: asyncio.TimerHandle | None = None
        self._was_busy = False
        self._asked: set[str] = set()
        self._accepting: frozenset[str] = frozenset()
        self._lost: set[str] = set()
        self._title = self._budget = ""

    async def start(self, channel: Channel) -> None:
        """Open the conversation and follow it."""
        hub, links = self._hub, self._links
        self._channel = channel
        conversation, (listed, asked_now) = await asyncio.gather(
            hub.chat.conversation(links.server_id, links.session_id), self._lists.of(links.server_id)
        )
        self._state: SessionState = conversation.state
        self._page = Conversation(self._state, links, self._colours)
        self._page.set_facts(self._facts())
        self._show_chats(listed)
        if not asked_now:
            self._tasks.spawn(self._read_chats(), "list of chats")
        self._queue = self._waiting()
        for request_id in self._state.permissions:
            self._show_given(request_id)
        self._view = View(self._tree)
        self._note()
        self._words.clear()
        self._ends = [
            conversation.watch(self._changed),
            self._colours.listen(self._coloured),
            hub.bus.listen(self._listed, "session"),
            hub.bus.listen(self._served, "server"),
            hub.bus.listen(self._learned, "chat-facts"),
            hub.bus.listen(self._queued, "queue"),
            hub.bus.listen(self._filled, "inbox"),
        ]
        channel.collect = self._collect

    async def stop(self) -> None:
        """Follow no more."""
        for end in self._ends:
            end()
        self._ends = []
        if self._refresh is not None:
            self._refresh.cancel()
        await self._tasks.close()

    def render(self) -> str:
        """Return the live region as of the last frame."""
        return self._view.html()

    def _tree(self) -> Box:
        """Return the page's tree, with what waits at its end."""
        live = self._page.tree()
        return Box(live.key, live.tag, live.attrs, [*live.kids, self._queue])

    def _waiting(self) -> Box:
        return queue(self._hub.composer.queue.of(self._links.session_id), self._links)

    def _queued(self, record: Record) -> None:
        data = record.data
        if isinstance(data, dict) and data.get("session_id") == self._links.session_id:
            self._queue = self._waiting()
            self._channel.touch()

    def _collect(self) -> list[Op]:
        changes = self._view.collect()
        changes += self._words
        self._words.clear()
        return changes

    def _changed(self, changes: list[Change]) -> None:
        self._page.change(changes)
        if any(item.kind not in ("delta", "part") for item in changes):
            self._note()
        self._channel.touch()

    def _note(self) -> None:
        """Say in words, once, what a reader who does not look would miss. Never the tokens themselves."""
        state = self._state
        busy = state.status.kind != "idle"
        asks = {**state.permissions, **state.questions}
        for request_id in asks.keys() - self._asked:
            self._words.append(ops.announce(self._asking(request_id)))
        self._asked = set(asks)
        lost = {one.id for one in state.untaken if one.sure}
        if lost - self._lost:
            self._words.append(ops.announce("OpenCode did not take your message. It can be sent again."))
        self._lost = lost
        if self._was_busy and not busy:
            self._words.append(ops.announce(_ended(state)))
        self._was_busy = busy
        if state.title != self._title:
            self._title = state.title
            self._words.append(ops.title(f"{state.title or 'New chat'} – OpenCode Nexus"))

    def _asking(self, request_id: str) -> str:
        item = self._state.permissions.get(request_id)
        if item is None:
            return "The agent asks a question."
        wanted = item.metadata.get("command") or " ".join(item.patterns)
        return f"The agent asks for permission: {item.permission} {one_line(wanted, 100)}"

    def _filled(self, record: Record) -> None:
        """The inbox may have found what a tool is given, which OpenCode's request does not say."""
        data = record.data
        if isinstance(data, dict) and self._show_given(str(data.get("id", ""))):
            self._channel.touch()

    def _show_given(self, request_id: str) -> bool:
        row, asked = self._hub.inbox_desk.get(request_id), self._state.permissions.get(request_id)
        if row is None or asked is None or (whole := filled(asked, row.request)) is asked:
            return False
        self._page.told(whole)
        return True

    def _coloured(self) -> None:
        if self._page.recolour():
            self._channel.touch()

    def _served(self, record: Record) -> None:
        if getattr(record.data, "id", None) == self._links.server_id:
            self._page.unreachable(getattr(record.data, "state", "") == "running")
            self._channel.touch()

    def _facts(self) -> HeadFacts:
        """Return what the hub's other parts know of the session now; whoever changes it publishes "chat-facts"."""
        hub, links = self._hub, self._links
        fill = hub.token_usage.fill(links.session_id)
        accepting = hub.inbox_desk.accepting.of(links.server_id, [links.session_id])
        return HeadFacts(
            accepting_until=None if accepting is None else accepting.until,
            **actions_facts(hub, links.server_id, links.session_id),
            tokens=fill.tokens,
            limit=fill.limit,
            cost=cost_of(hub.token_usage.spent(links.session_id)),
            budget=hub.budgets.sentence(links.server_id, links.session_id),
        )

    def _learned(self, record: Record) -> None:
        data = record.data
        if isinstance(data, dict) and data.get("session_id") in (None, self._links.session_id):
            facts = self._facts()
            if facts.budget and facts.budget != self._budget:
                self._words.append(ops.announce(facts.budget))
            self._budget = facts.budget
            self._page.set_facts(facts)
            self._channel.touch()
        if self._accepting != self._accepted():  # the list says so too, of other chats as well
            self._listed(record)

    def _accepted(self) -> frozenset[str]:
        """Return the chats of the server that are allowed all that they ask."""
        rows = self._hub.inbox_desk.accepting.all()
        return frozenset(row.session_id for row in rows if row.server_id == self._links.server_id)

    def _listed(self, record: Record) -> None:
        data = record.data
        if isinstance(data, dict) and data.get("server_id") == self._links.server_id and self._refresh is None:
            loop = asyncio.get_running_loop()
            self._refresh = loop.call_later(SETTLE, lambda: self._tasks.spawn(self._read_chats(), "list of chats"))

    async def _read_chats(self) -> None:
        self._refresh = None
        try:
            self._show_chats(await self._lists.ask(self._links.server_id))
        except NexusError:  # the server is on its way down; its state line says so
            return
        self._channel.touch()

    def _show_chats(self, listed: Sequence[SessionSummary]) -> None:
        server = self._hub.fleet.get(self._links.server_id)
        several = len(server.projects) > 1
        actions = self._hub.actions
        marks: dict[str, Any] = {"pinned": actions.marked.pinned, "deleted": actions.trash.of(server.id)}
        self._accepting = self._accepted()
        more = {**marks, "accepting": self._accepting, "unlisted": self._hub.chat.unlisted(server.id)}
        self._page.set_chats(chats(listed, self._links, server_name=server.name, several_projects=several, **more))
        self._page.set_facts(self._facts())  # a sub-agent may have come or ended


def _ended(state: SessionState) -> str:
    last = next(reversed(state.messages.values()), None)
    if state.interrupted:
        return "OpenCode stopped while the agent was working."
    error = state.error or (last.error if last is not None else None)
    if error is not None and provider_error(error)[0] == ABORTED:
        return SAID["stopped"]  # as the form's answer says, which may come before or after this
    if error is not None:
        return "The turn ended with an error."
    return "The agent has answered."

# SPDX-License-Identifier: MIT
"""What answers take: tokens, cost, and how full the model's context is; kept as it is told, and caught up with.

Each step of a turn is a message of its own, told with its figures as soon as the step ends (OpenCode 1.18.33).
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.chat.heads import DEPTH, Head, head_of
from opencode_nexus.chat.usage.catch_up import CatchUp
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.wire import child, seconds
from opencode_nexus.store.kv import Kv
from opencode_nexus.store.usage import Answer, Named, Sums, UsageStore, day_of
from opencode_nexus.store.usage_reports import UsageReports

log = logging.getLogger(__name__)

JSON = dict[str, Any]
AGAIN = 1.0  # seconds until what the disk did not take is tried again
ASK_MODELS = 60.0  # seconds within which a server is not asked twice what fits into its models
MOST = 1_000_000_000_000  # tokens that one answer can have taken
NAMES = 2000  # sessions whose last kept title is in memory


class Costed(Protocol):
    """Answers added up (`store.usage.Sums`)."""

    @property
    def answers(self) -> int: ...
    @property
    def unpriced(self) -> int: ...
    @property
    def cost(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a session's context is: `tokens` of at most `limit`; None: not known.

    `model` is "provider/model", "" before the first answer. `summed_up`: the newest answer sums up all before it, so
    that only the next one tells what the context holds now.
    """

    tokens: int | None = None
    limit: int | None = None
    model: str = ""
    summed_up: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    server_id: str
    head: Head | None
    directory: str
    info: JSON
    root_id: str = ""  # "" while it has to be looked up


class TokenUsage:
    """A `chat.listener.Listener`. Keeps every answer's figures, once, however often and in whatever order told.

    Publishes "chat-facts" when a session's change, and calls `followers` with the server and the root of what was
    answered today.
    """

    def __init__(
        self,
        *,
        store: UsageStore,
        reports: UsageReports,
        feeds: Feeds,
        projects: Callable[[str], Collection[str]],
        kv: Kv,
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        """`projects`: the folders of a server; it raises for one that was removed."""
        self.followers: list[Callable[[str, str], None]] = []
        self.reports = reports
        self._store, self._feeds, self._bus, self._clock, self._tasks = store, feeds, bus, clock, tasks
        self._pending: dict[str, _Told] = {}
        self._worker: asyncio.Task[None] | None = None
        self._models: dict[str, tuple[float, set[tuple[str, str]]]] = {}  # when asked, and what is known, by server
        self._titles: OrderedDict[str, str] = OrderedDict()
        self._catch_up = CatchUp(store, kv, projects=projects, busy=self._busy, take=self._caught, tasks=tasks)

    # What is told

    def heard(self, server_id: str, directory: str, event: ev.Event) -> None:
        """Take the figures of an answer, and note what becomes of its session."""
        match event:
            case ev.MessageUpdated() if event.info.get("role") == "assistant" and _counts(event.info):
                head = self._feeds.feed(server_id).heads.get(event.session_id)
                self._take([_Told(server_id, head, directory, event.info)])
            case ev.MessageRemoved():
                self._store.remove(event.message_id)
                self._tasks.spawn(self._removed(server_id, event.session_id), "context of a session")
            case ev.SessionUpdated():
                self._rename(event.session_id, str(event.info.get("title") or ""))
            case ev.SessionDeleted():
                self._titles.pop(event.session_id, None)
                self._store.forget(event.session_id)

    def connected(self, server_id: str, client: Client) -> None:
        """Catch up with what was answered while nobody listened."""
        self._models.pop(server_id, None)
        self._catch_up.begin(server_id, client)

    def died(self, server_id: str) -> None:
        """Its answers can be asked for when it runs again."""

    def _take(self, told: Iterable[_Told]) -> None:
        for one in told:
            self._pending[str(one.info.get("id", ""))] = one  # the last telling has the last figures
        if self._pending and (self._worker is None or self._worker.done()):
            self._worker = self._tasks.spawn(self._work(), "usage of tokens")

    async def _work(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, {}
            try:
                await self._keep(list(batch.values()))
            except sqlite3.Error as error:
                log.error("the figures of %d answers wait for the disk: %s", len(batch), error)
                self._pending = {**batch, **self._pending}
                await asyncio.sleep(AGAIN)

    async def _caught(self, server_id: str, root_id: str, info: JSON, answers: list[JSON]) -> None:
        """Keep a page of answers that were asked for; on the disk when this returns."""
        head = head_of(info)
        counted = [one for one in answers if one.get("role") == "assistant" and _counts(one)]
        await self._keep([_Told(server_id, head, head.directory, one, root_id) for one in counted])

    async def _keep(self, told: list[_Told]) -> None:
        answers = [_answer(one, one.root_id or await self._root(one.server_id, one.info)) for one in told]
        for server_id, directory in {(one.server_id, one.directory) for one in told}:
            here = {(one.provider, one.model) for one in answers if one.server_id == server_id}
            await self._learn_models(server_id, directory, here)
        names = self._names(answers, {one.head.id: one.head for one in told if one.head is not None})
        changed = await self._store.put(answers, names)
        shown = {session_id for one in changed for session_id in (one.session_id, one.root_id)}
        for one in names:
            if one.session_id in shown:  # one renamed meanwhile has its later title by now, here as in the store
                head = self._feeds.feed(one.server_id).heads.get(one.session_id)
                self._remember(one.session_id, head.title if head else one.title)
        self._tell(changed)

    def _tell(self, changed: list[Answer]) -> None:
        today = self.today
        for server_id, session_id in dict.fromkeys(
            (one.server_id, shown) for one in changed for shown in (one.session_id, one.root_id)
        ):
            self._bus.publish("chat-facts", {"server_id": server_id, "session_id": session_id})
        for server_id, root_id in dict.fromkeys((one.server_id, one.root_id) for one in changed if one.day == today):
            for follower in self.followers:
                follower(server_id, root_id)

    async def _removed(self, server_id: str, session_id: str) -> None:
        await self._store.settled()
        self._bus.publish("chat-facts", {"server_id": server_id, "session_id": session_id})

    # Sessions

    async def _root(self, server_id: str, info: JSON) -> str:
        """The chat that an answer belongs to; asks for ancestors that are not known."""
        session_id, heads = str(info.get("sessionID", "")), self._feeds.feed(server_id).heads
        connection = self._feeds.connection(server_id)
        for _ in range(DEPTH):
            unknown = heads.unknown(session_id)
            if unknown is None or connection is None:
                break
            try:
                heads.learn(await connection.client.session(unknown))
            except NexusError as error:
                log.info("session %s could not be asked for: %s", unknown, error)
                break
        return heads.chain(session_id)[-1]

    def root(self, server_id: str, session_id: str) -> str:
        """The chat that a session belongs to, as far as is known. Asks nobody."""
        return self._feeds.feed(server_id).root(session_id)

    def _names(self, answers: list[Answer], told: dict[str, Head]) -> list[Named]:
        """What is known of the answers' sessions and chats that are not kept yet; `told` came with the answers.

        Of the chat too: its own first step ends after the sub-agent that it waits for.
        """
        found = []
        for server_id, session_id in {
            (one.server_id, shown): None for one in answers for shown in (one.session_id, one.root_id)
        }:
            head = self._feeds.feed(server_id).heads.get(session_id) or told.get(session_id)
            if head is not None and session_id not in self._titles:
                found.append(Named(session_id, server_id, head.parent_id, head.title))
        return found

    def _rename(self, session_id: str, title: str) -> None:
        if self._titles.get(session_id) != title:
            if session_id in self._titles:
                self._remember(session_id, title)
            self._store.rename(session_id, title)

    def _remember(self, session_id: str, title: str) -> None:
        self._titles[session_id] = title
        while len(self._titles) > NAMES:
            self._titles.popitem(last=False)

    def _busy(self, session_id: str) -> bool:
        return self._feeds.status(session_id).kind != "idle"

    # Models

    async def _learn_models(self, server_id: str, directory: str, wanted: set[tuple[str, str]]) -> None:
        """Learn what fits into the models, when there is one that is not known."""
        now = self._clock.monotonic()
        asked, known = self._models.get(server_id, (now - ASK_MODELS, set()))
        connection = self._feeds.connection(server_id)
        if wanted <= known or now - asked < ASK_MODELS or connection is None:
            return
        self._models[server_id] = (now, known)
        with contextlib.suppress(NexusError):
            contexts = _contexts(await connection.client.usable_providers(directory))
            await self._store.set_contexts(server_id, contexts)
            self._models[server_id] = (now, known | wanted | set(contexts))

    # Questions

    @property
    def today(self) -> str:
        """The hub's own date, YYYY-MM-DD."""
        return day_of(self._clock.now())

    def fill(self, session_id: str) -> Fill:
        """How full a session's context is, by its newest answer."""
        newest = self._store.newest(session_id)
        if newest is None:
            return Fill()
        limit = self._store.context(newest.server_id, newest.provider, newest.model)
        tokens = None if newest.summary else newest.tokens
        return Fill(tokens, limit, f"{newest.provider}/{newest.model}", newest.summary)

    def spent(self, session_id: str) -> Sums:
        """What a chat took with its sub-agents, or a sub-agent's session by itself."""
        whole = self._store.total("root", session_id)
        return whole if whole.answers else self._store.total("session", session_id)

    def day(self, day: str) -> Sums:
        """What all servers took on a day."""
        return self._store.total("day", day)


def cost_of(sums: Costed) -> float | None:
    """US dollars; None when it is not known, as the models have no price or nothing was answered."""
    return None if not sums.answers or (sums.unpriced and not sums.cost) else sums.cost


def _counts(info: JSON) -> bool:
    """Whether an answer has figures, or will get none."""
    tokens = child(info, "tokens")
    return "completed" in child(info, "time") or any(map(_number, (tokens.get("input"), tokens.get("output"))))


def _number(value: object) -> int:
    # an imported message may say anything; SQLite adds 64 bits up
    return int(min(max(0, value), MOST)) if isinstance(value, int | float) else 0


def _answer(told: _Told, root_id: str) -> Answer:
    info, head = told.info, told.head
    tokens, times = child(info, "tokens"), child(info, "time")
    cache, cost = child(tokens, "cache"), info.get("cost")
    created = round((seconds(times.get("created")) or 0.0) * 1000)
    return Answer(
        id=str(info.get("id", "")),
        server_id=told.server_id,
        session_id=str(info.get("sessionID", "")),
        root_id=root_id,
        project=(head.directory if head else "") or str(child(info, "path").get("cwd") or told.directory),
        created=created,
        provider=str(info.get("providerID") or ""),
        model=str(info.get("modelID") or ""),
        agent=str(info.get("agent") or ""),
        input=_number(tokens.get("input")),
        output=_number(tokens.get("output")),
        reasoning=_number(tokens.get("reasoning")),
        cache_read=_number(cache.get("read")),
        cache_write=_number(cache.get("write")),
        cost=max(0.0, float(cost)) if isinstance(cost, int | float) else 0.0,
        done="completed" in times,
        summary=bool(info.get("summary")),
        early=head is not None and created < round(head.created * 1000),
    )


def _contexts(usable: JSON) -> dict[tuple[str, str], int | None]:
    return {
        (str(provider.get("id")), str(model_id)): _number(child(model, "limit").get("context")) or None
        for provider in usable.get("providers") or ()
        for model_id, model in child(provider, "models").items()
        if isinstance(model, dict)
    }

# SPDX-License-Identifier: MIT
"""What was sent, until OpenCode is known to have it: a message that it did not take is shown, and can be sent again.

OpenCode 1.18.33 answers a prompt before it has stored it: killed within 100 ms of its answer it had nothing of it, nor
300 ms after in a folder that it had to load. A message is known again by the id of its part, which we choose and it
keeps (measured; the message's own id stays OpenCode's, which goes by its order).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Container
from dataclasses import dataclass, replace

from opencode_nexus.chat.errors import SentUnknown
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.ids import new_id
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.state import Untaken
from opencode_nexus.opencode.wire import child
from opencode_nexus.store.sent import Also, SentMessage, SentMessages

log = logging.getLogger(__name__)

LOOK = 10.0  # seconds after its answer that OpenCode gets to say that it has a message, before it is asked
PAGE = 100  # messages read at once to find one
SKEW = 1.0  # seconds between the hub's clock, as a message is kept, and OpenCode's, as it has it
MARGIN = 3600.0  # seconds that the clock may have been set back since a message was sent


@dataclass(slots=True, eq=False)
class _Sent:
    """One message under way. `stranded`: the process that it was sent to is gone."""

    message: SentMessage
    posting: bool = False
    stranded: bool = False
    timer: asyncio.TimerHandle | None = None


class Outbox:
    """All messages that are not known to be with OpenCode. `changed` is told in which session others are to be shown.

    Used on the loop's thread only.
    """

    def __init__(
        self,
        kept: SentMessages,
        clock: Clock,
        *,
        client: Callable[[str], Client | None],
        changed: Callable[[str], None],
    ) -> None:
        """`client`: of a server that runs."""
        self._kept, self._clock, self._client, self._changed = kept, clock, client, changed
        self._sent: dict[str, _Sent] = {}
        self._tasks = Tasks()

    def open(self) -> None:
        """Take up what an earlier hub sent and did not hear of."""
        self._sent = {message.id: _Sent(message) for message in self._kept.all()}

    async def close(self) -> None:
        """Wait for nothing more; what is kept stays."""
        for one in self._sent.values():
            self._stop_timer(one)
        await self._tasks.close()

    # Sending

    @contextlib.asynccontextmanager
    async def sending(
        self,
        server_id: str,
        session_id: str,
        text: str,
        model: str | None,
        agent: str | None,
        *,
        again: str = "",
        variant: str | None = None,
        files: tuple[str, ...] = (),
        kind: str = "prompt",
        also: Also | None = None,
        keep: bool = False,
    ) -> AsyncIterator[str]:
        """Keep a message from before it is posted, in the block; gives the id that its part must have.

        After an error the sender knows, and has it: it is dropped, or, when it was sent `again` or nobody would have
        it (`keep`), lost. Raises SentUnknown when somebody else sent it again.
        """
        if again and self._sent.pop(again, None) is None:
            raise SentUnknown(f"Asked for: {again[:80]!r}.")
        message = SentMessage(new_id("prt"), server_id, session_id, text, model, agent, self._clock.now())
        message = replace(message, variant=variant, files=files, kind=kind)
        one = self._sent[message.id] = _Sent(message, posting=True)
        try:
            await self._kept.put(message, instead_of=again, also=also)
            if again:
                self._changed(session_id)
            yield message.id
        except Exception:
            if again or keep:
                self._lose(one)
            else:
                self.taken(message.id)
            raise
        finally:
            one.posting = False
            self._start_timer(one)

    def lost(self, session_id: str, message_id: str) -> SentMessage:
        """A message that OpenCode did not take; raises SentUnknown."""
        one = self._sent.get(message_id)
        if one is None or one.message.session_id != session_id or not one.message.lost:
            raise SentUnknown(f"Asked for: {message_id[:80]!r}.")
        return one.message

    def has(self, message_id: str) -> bool | None:
        """Whether a message that was kept here is lost; None when it is not kept any more."""
        one = self._sent.get(message_id)
        return one.message.lost if one is not None else None

    def drop(self, session_id: str, message_id: str) -> None:
        """Forget a message that OpenCode did not take; raises SentUnknown."""
        self.taken(self.lost(session_id, message_id).id)

    # What becomes of it

    def taken(self, message_id: str) -> None:
        """OpenCode has a part of that id."""
        one = self._sent.pop(message_id, None)
        if one is not None:
            self._stop_timer(one)
            self._kept.forget(message_id)
            if one.stranded or one.message.lost:
                self._changed(one.message.session_id)

    def forget_session(self, session_id: str) -> None:
        """The session is deleted."""
        for one in [one for one in self._sent.values() if one.message.session_id == session_id]:
            self.taken(one.message.id)

    def strand(self, server_id: str) -> None:
        """The server's process is gone: it takes nothing any more, and what it took is known when the next one runs."""
        for one in self._sent.values():
            if one.message.server_id == server_id and not one.stranded:
                one.stranded = True
                self._stop_timer(one)
                if not one.message.lost:
                    self._changed(one.message.session_id)

    def untaken(self, session_id: str, parts: Container[str] = ()) -> list[Untaken]:
        """What is to be shown: what OpenCode did not take, and what it may not have taken, oldest first.

        What is among these `parts`, which OpenCode has, is taken.
        """
        mine = [one for one in self._sent.values() if one.message.session_id == session_id]
        for one in mine:
            if one.message.id in parts:
                self.taken(one.message.id)
        shown = [one for one in mine if one.message.id in self._sent]
        return [
            Untaken(one.message.id, one.message.text, one.message.at, one.message.model, one.message.agent, sure)
            for one in shown
            if (sure := one.message.lost) or one.stranded
        ]

    async def settle(self, server_id: str, client: Client) -> None:
        """After a connect: find what was taken meanwhile. What a gone process did not take is lost."""
        waiting = [one for one in self._sent.values() if one.message.server_id == server_id and not one.message.lost]
        for session_id in {one.message.session_id for one in waiting}:
            mine = [one for one in waiting if one.message.session_id == session_id]
            await self._look(client, session_id, mine, [one for one in mine if one.stranded])
        for one in waiting:
            self._start_timer(one)

    async def _look(self, client: Client, session_id: str, wanted: list[_Sent], last: list[_Sent]) -> None:
        """Ask for some messages of a session; those of `last` that OpenCode does not have now are lost."""
        try:
            found, newest = await _parts(client, session_id, min(one.message.at for one in wanted) - MARGIN)
        except UnknownToOpenCode:  # deleted, and all that was said in it
            self.forget_session(session_id)
            return
        except NexusError as error:
            log.warning("session %s could not be asked for what was sent to it: %s", session_id, error)
            return
        for one in wanted:
            if self._sent.get(one.message.id) is not one:
                continue
            # a command and the shell have no part of ours; whatever a person said since then is taken for theirs
            runs = one.message.kind in ("command", "shell") and newest >= one.message.at - SKEW
            if one.message.id in found or runs:
                self.taken(one.message.id)
            elif one in last and not one.posting:
                self._lose(one)

    def _lose(self, one: _Sent) -> None:
        one.message = replace(one.message, lost=True)
        self._stop_timer(one)
        self._kept.lose(one.message.id)
        self._changed(one.message.session_id)

    # A process that is there and says nothing of a message, such as one for an agent that is gone

    def _start_timer(self, one: _Sent) -> None:
        waits = self._sent.get(one.message.id) is one and not (one.posting or one.message.lost)
        if waits and one.timer is None and self._client(one.message.server_id) is not None:
            one.timer = asyncio.get_running_loop().call_later(LOOK, self._late, one)

    @staticmethod
    def _stop_timer(one: _Sent) -> None:
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None

    def _late(self, one: _Sent) -> None:
        one.timer = None
        client = self._client(one.message.server_id)
        if client is not None:  # else it is looked for when the server runs again
            self._tasks.spawn(self._ask(client, one), f"a message to {one.message.session_id}")

    async def _ask(self, client: Client, one: _Sent) -> None:
        await self._look(client, one.message.session_id, [one], [one])
        self._start_timer(one)


async def _parts(client: Client, session_id: str, since: float) -> tuple[set[str], float]:
    """The ids of all parts of the messages made since then, and when a person's newest was made (epoch seconds)."""
    found: set[str] = set()
    newest = 0.0
    before: str | None = None
    while True:
        page, before = await client.messages(session_id, PAGE, before)
        found.update(str(part.get("id")) for item in page for part in item.get("parts") or ())
        for info in (child(item, "info") for item in page):
            if info.get("role") == "user":
                newest = max(newest, (child(info, "time").get("created") or 0) / 1000)
        made = child(child(page[0], "info"), "time").get("created") if page else None
        if before is None or not isinstance(made, int | float) or made / 1000 < since:
            return found, newest

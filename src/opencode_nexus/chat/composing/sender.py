# SPDX-License-Identifier: MIT
"""Brings what was written to OpenCode, and keeps it in the outbox until OpenCode has it."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx2

from opencode_nexus.chat.choices import Choices
from opencode_nexus.chat.composing.outbox import Outbox
from opencode_nexus.chat.errors import AttachmentGone, MessageEmpty
from opencode_nexus.chat.feeds import Feeds
from opencode_nexus.chat.parts import Attached, file_parts, mentioned
from opencode_nexus.chat.sessions import checked_id
from opencode_nexus.chat.written import Written
from opencode_nexus.core.bus import Bus, Record
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.opencode import writing
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeUnreachable
from opencode_nexus.store.sent import Also

log = logging.getLogger(__name__)

EARLY = 1.0  # seconds in which a command or the shell says no, if it does: an unknown one took 0.05 s
# How a request ends that was sent whole: OpenCode may have acted on it. The hub's own end cuts answers off too.
UNHEARD = (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError)
ANSWERED = 10.0  # seconds after which a message that OpenCode says nothing of is not waited for any more


class Sender:
    """Sends for all servers. `files`: the attachments of some ids that are there, and where their bytes are."""

    def __init__(
        self, *, client: Callable[[str], Client], feeds: Feeds, outbox: Outbox, choices: Choices, bus: Bus, tasks: Tasks
    ) -> None:
        self.files: Callable[[Sequence[str]], Sequence[tuple[Attached, Path]]] = lambda ids: ()
        self._client, self._feeds, self._outbox, self._choices = client, feeds, outbox, choices
        self._bus, self._tasks = bus, tasks
        self._last: dict[str, float] = {}  # when something was sent to a session (monotonic)

    def busy(self, server_id: str, session_id: str) -> bool:
        """Whether a session works, or is about to: what is sent now waits in OpenCode, and cannot be taken back."""
        if self._feeds.status(session_id).kind != "idle":
            return True
        begun = self._last.get(session_id)
        expected = self._feeds.feed(server_id).expected(session_id)
        return expected and begun is not None and time.monotonic() - begun < ANSWERED

    async def folder(self, server_id: str, session_id: str) -> str:
        """The project folder of a session."""
        feed = self._feeds.feed(server_id)
        head = feed.heads.get(checked_id(session_id))
        return (head or feed.learn(await self._client(server_id).session(session_id))).directory

    async def send(
        self,
        server_id: str,
        session_id: str,
        written: Written,
        *,
        again: str = "",
        also: Also | None = None,
        keep: bool = False,
    ) -> str:
        """Send it; returns its id in the outbox. `also` is written in the transaction that keeps it there.

        `again`: the id of what OpenCode did not take, which this is. `keep`: nobody is there to have it back when it
        fails, so it stays in the outbox as lost. Raises MessageEmpty, ModelUnknown, AgentUnknown, VariantUnknown or
        AttachmentGone.
        """
        if not written.text.strip() and not written.files:
            raise MessageEmpty
        client, feed = self._client(server_id), self._feeds.feed(server_id)
        self._feeds.guards.check(server_id, session_id)  # a budget that is used up, a session that is being deleted
        folder = ""
        if written.kind != "prompt" or written.model or written.agent:
            folder = await self.folder(server_id, session_id)
        if written.model or written.agent:
            await self._choices.check(client, folder, written.model, written.agent, written.variant)
        files = self.files(written.files)
        if len(files) != len(written.files):
            raise AttachmentGone
        parts = await file_parts(files)
        if written.kind == "typed":
            parts += await mentioned(client, folder, written.text)
        self._last[session_id] = time.monotonic()
        context = self._outbox.sending(
            server_id, checked_id(session_id), written.text, written.model, written.agent, again=again,
            variant=written.variant, files=written.files, kind=written.kind, also=also, keep=keep,
        )  # fmt: skip
        async with context as part_id:
            if written.kind in ("command", "shell"):
                await self._run(client, session_id, written, parts)
            else:
                try:
                    await self._prompt(client, session_id, written, parts, part_id)
                except OpenCodeUnreachable as error:
                    if not isinstance(error.__cause__, UNHEARD):
                        raise
                    # it may have it or not: sent once more it could be there twice, so the outbox finds out
                    log.warning("session %s: no answer to a message: %s", session_id, error)
        if written.kind in ("command", "shell"):
            self._outbox.taken(part_id)  # it runs, and has no part of ours
        else:
            feed.sent(session_id)
        return part_id

    @staticmethod
    async def _prompt(
        client: Client, session_id: str, written: Written, parts: list[dict[str, Any]], part_id: str
    ) -> None:
        model, agent = written.model, written.agent
        if not parts and not written.variant:
            return await client.prompt(session_id, written.text, model, agent, part_id)
        if written.text.strip():
            parts.insert(0, {"type": "text", "text": written.text})
        parts[0]["id"] = part_id
        await writing.prompt(client, session_id, parts, model, agent, written.variant)

    async def _run(self, client: Client, session_id: str, written: Written, parts: list[dict[str, Any]]) -> None:
        """Begin what OpenCode answers only at its end; raises what it says against it at once."""
        work: Coroutine[Any, Any, None]
        if written.kind == "shell":
            agent = written.agent or "build"
            work = writing.run_shell(client, session_id, written.line, model=written.model, agent=agent)
        else:
            name, arguments = written.command
            how = {"model": written.model, "agent": written.agent, "variant": written.variant}
            work = writing.run_command(client, session_id, name, arguments, parts=parts, **how)
        task = self._tasks.spawn(_heard(work, session_id), f"{written.kind} in {session_id}")
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(record: Record) -> None:
            data = record.data if isinstance(record.data, dict) else {}
            if (data.get("session_id"), data.get("what")) == (session_id, "busy") and not begun.done():
                begun.set_result(None)

        unlisten = self._bus.listen(told, "session")
        try:
            ends: set[asyncio.Future[Any]] = {task, begun}
            await asyncio.wait(ends, timeout=EARLY, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unlisten()
        if task.done() and (error := task.result()) is not None:
            raise error


async def _heard(work: Coroutine[Any, Any, None], session_id: str) -> NexusError | None:
    """Return what OpenCode said against it; later than EARLY the chat itself shows it."""
    try:
        await work
    except NexusError as error:
        log.info("session %s: %s", session_id, error)
        return error
    return None

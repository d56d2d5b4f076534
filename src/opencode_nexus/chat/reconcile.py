# SPDX-License-Identifier: MIT
"""After each connect: ask OpenCode what is so, and mend what was missed meanwhile."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from opencode_nexus.chat.conversation import PAGE
from opencode_nexus.chat.feed import IDLE, Feed
from opencode_nexus.chat.inbox.waiting import Inbox
from opencode_nexus.chat.transcript import cut_off
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.errors import OpenCodeError, OpenCodeRefused, OpenCodeUnreachable, UnknownToOpenCode
from opencode_nexus.opencode.events import PermissionAsked, QuestionAsked
from opencode_nexus.opencode.wire import TEXT_KINDS, child, part_of, status_of
from opencode_nexus.store.journal import Journal, OpenPart

log = logging.getLogger(__name__)

JSON = dict[str, Any]
FOR_ALL = (OpenCodeUnreachable, OpenCodeRefused)  # of the whole server, not of one folder or session


@dataclass(slots=True)
class Truth:
    """What OpenCode says now. `windows` holds the newest messages of each session that may have changed."""

    statuses: dict[str, tuple[str, JSON]] = field(default_factory=dict)  # session: (folder, status)
    asked: list[tuple[str, PermissionAsked | QuestionAsked]] = field(default_factory=list)  # with folder
    windows: dict[str, list[JSON]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)  # sessions that were deleted
    silent: set[str] = field(default_factory=set)  # folders that could not be asked: of them nothing is known
    outlived: set[str] = field(default_factory=set)  # requests whose answer has ended: nothing waits for them


async def ask(client: Client, directories: Collection[str], sessions: Collection[str]) -> Truth:
    """Ask for the statuses and waiting requests of the folders, and the windows of the sessions that matter.

    Those are `sessions` (that ran when last heard of) and what runs now. Raises a NexusError, when OpenCode does not
    answer or no folder could be asked. A folder whose opencode.json has a mistake in it answers 400 to everything
    (measured on 1.18.33): that must not hide what waits in all the others.
    """
    truth = Truth()
    for directory in directories:
        try:
            # What waits is asked for first: what is idle after that waits for nothing.
            permissions = await client.permissions(directory)
            questions = await client.questions(directory)
            statuses = await client.statuses(directory)
        except NexusError as error:
            truth.silent.add(directory)
            if isinstance(error, FOR_ALL) or len(truth.silent) == len(directories):
                raise
            log.info("%s could not be asked what waits in it: %s", directory, error)
            continue
        truth.asked += [(directory, permission) for permission in permissions]
        truth.asked += [(directory, question) for question in questions]
        truth.statuses |= {session: (directory, status) for session, status in statuses.items()}
    wanted = {*sessions, *truth.statuses}
    await asyncio.gather(*(_look(client, session_id, truth) for session_id in wanted))
    for _, request in truth.asked:
        if await _outlived(client, request, truth):
            truth.outlived.add(request.id)
    return truth


async def _look(client: Client, session_id: str, truth: Truth) -> None:
    """Ask for the window of one session; one that OpenCode cannot read (500) does not hold up the others."""
    try:
        truth.windows[session_id], _ = await client.messages(session_id, PAGE)
    except UnknownToOpenCode:
        truth.gone.add(session_id)
    except NexusError as error:
        if isinstance(error, FOR_ALL):
            raise
        log.warning("session %s could not be asked for its messages: %s", session_id, error)


async def _outlived(client: Client, request: PermissionAsked | QuestionAsked, truth: Truth) -> bool:
    """Whether the answer in which it was asked has ended: the session runs again, and waits for something else."""
    window, message_id = truth.windows.get(request.session_id), (request.tool or {}).get("messageID")
    if not message_id or not window or request.session_id not in truth.statuses:
        return False
    asked_in = [info for item in window if (info := child(item, "info")).get("id") == message_id]
    if not asked_in:  # the newest 40, or fewer where they are large, and a person may have said more since
        try:
            asked_in = [child(await client.message(request.session_id, message_id), "info")]
        except UnknownToOpenCode:
            return True
        except NexusError as error:
            if isinstance(error, FOR_ALL):
                raise
            return False  # rather shown in vain than never
    return "completed" in child(asked_in[0], "time")


def settle(
    truth: Truth, feed: Feed, journal: Journal, inbox: Inbox, opened: Collection[str], *, gaps: bool
) -> list[str]:
    """Bring statuses, inbox and journal in line with the truth; returns the sessions that were cut off.

    `opened` are the parts whose beginning was heard on the new stream: of them nothing was missed. `gaps`:
    words of the other open parts may have been. What is in a silent folder stays as it is.
    """
    for session_id in truth.gone:
        journal.forget_session(session_id)
    running = journal.running(feed.server_id)
    before = {one for one in {*feed.statuses, *running} if running.get(one) not in truth.silent}
    for session_id in before - truth.statuses.keys():
        feed.set_status(session_id, IDLE)
    for session_id, (directory, status) in truth.statuses.items():
        feed.set_status(session_id, status_of(status), directory)
    _settle_inbox(truth, feed, inbox)
    for session_id in {part.session_id for part in journal.open_parts(server_id=feed.server_id)}:
        _settle_copies(truth, journal, session_id, gaps)
    for session_id, window in truth.windows.items():
        if session_id in truth.statuses:
            _begin_missed(feed, truth.statuses[session_id][0], session_id, window, journal, opened)
    for session_id, window in truth.windows.items():
        if feed.errors.get(session_id) and _went_well(window):
            feed.errors.drop(session_id)  # a whole turn was missed since
    feed.orphans.clear()
    idle = before - truth.statuses.keys()
    return sorted(session_id for session_id in idle if cut_off(truth.windows.get(session_id, [])))


def _went_well(window: list[JSON]) -> bool:
    """Whether the newest message is an answer that is complete and without an error."""
    info = child(window[-1], "info") if window else {}
    return info.get("role") == "assistant" and "completed" in child(info, "time") and not info.get("error")


def _settle_inbox(truth: Truth, feed: Feed, inbox: Inbox) -> None:
    real = {request.id: (directory, request) for directory, request in truth.asked}
    for entry in inbox.of(feed.server_id):
        if entry.request.id not in real and entry.directory not in truth.silent:
            inbox.drop(entry.request.id)
            feed.announce("waiting", entry.request.session_id)
    for directory, request in real.values():
        # OpenCode lists requests of aborted turns for good; only a session that runs waits for something.
        if request.session_id in truth.statuses and request.id not in truth.outlived:
            feed.take([(directory, request)])


def _settle_copies(truth: Truth, journal: Journal, session_id: str, gaps: bool) -> None:
    window = truth.windows.get(session_id)
    if window is None:
        return
    heads = {str(child(item, "info").get("id")): child(item, "info") for item in window}
    parts = {str(part.get("id")): part for item in window for part in item.get("parts") or ()}
    for copy in journal.open_parts(session_id=session_id):
        part = parts.get(copy.id)
        done = "completed" in child(heads.get(copy.message_id, {}), "time")
        if part is not None and part_of(part).closed:
            journal.close(copy.id)
        elif copy.directory not in truth.silent and (part is None or done or session_id not in truth.statuses):
            # Not in the newest 30 messages, in a finished one, or in a session that does not run: it will
            # never be closed. If its message is gone, nobody will ask for it. OpenCode may have said more before.
            if gaps:
                journal.gap(copy.id)
            journal.interrupt(copy.id)
        elif gaps:
            journal.gap(copy.id)


def _begin_missed(
    feed: Feed,
    directory: str,
    session_id: str,
    window: list[JSON],
    journal: Journal,
    opened: Collection[str],
) -> None:
    """Keep the parts that opened while nobody listened: their first words are missing."""
    answers = [item for item in window if child(item, "info").get("role") == "assistant"]
    if not answers or "completed" in child(child(answers[-1], "info"), "time"):
        return
    # After a newer message of the user it may be an answer that was cut off long ago.
    newest = answers[-1] is window[-1]
    for data in answers[-1].get("parts") or ():
        part = part_of(data)
        if part.closed or part.kind not in TEXT_KINDS or part.id in opened or journal.knows(part.id):
            continue
        if newest or part.id in feed.orphans:
            copy = OpenPart(part.id, feed.server_id, session_id, part.message_id, directory, part.kind, [0])
            _, heard = feed.orphans.get(part.id, ("", []))
            journal.begin(copy, part.text + "".join(heard))


async def withdraw_stale(client: Client, truth: Truth) -> None:
    """Turn down the requests that no running session waits for, so that OpenCode's lists hold none."""
    for directory, request in truth.asked:
        if request.session_id in truth.statuses:
            continue
        try:
            if isinstance(request, PermissionAsked):
                await client.reply_permission(directory, request.id, "reject", "")
            else:
                await client.reply_question(directory, request.id, None)
        except (OpenCodeError, UnknownToOpenCode) as error:
            log.info("a stale request could not be withdrawn: %s", error)

# SPDX-License-Identifier: MIT
"""Files for messages: their kind by their content, their limits, and how long they are kept."""

import asyncio
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from opencode_nexus.chat.errors import AttachmentGone, AttachmentKind, AttachmentsFull, AttachmentTooLarge
from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.store.attachments import AttachmentFiles, AttachmentRow

MB = 1_000_000
ONE = 10 * MB  # bytes of a file
MESSAGE = 20 * MB  # bytes of all of a message
HELD = 200 * MB  # bytes kept for one person
UNSENT = 7 * 86400.0  # seconds that a file is kept with a draft
SENT = 600.0  # seconds that one is kept after its message was taken, should it be sent again
TEXT = "text/plain"  # what OpenCode 1.18.33 reads into the message as text, whatever kind of text it is
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_ID = re.compile(r"att_[a-z0-9]{20}")


def kind_of(content: bytes) -> str | None:
    """Return the media type of a file that can be sent, by its content; None for one that cannot."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if b"\0" in content:
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return TEXT


def name_of(given: str) -> str:
    """Return a file's name without folders, control characters and what turns text around."""
    last = PurePosixPath(given.replace("\\", "/")).name
    plain = "".join(char for char in last if unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"))
    return plain.strip()[-120:] if plain.strip(" .") else "file"


def size_words(size: int) -> str:
    """Return a size for people."""
    return f"{size / MB:.1f} MB" if size >= MB else f"{max(1, round(size / 1000))} kB"


class Attachments:
    """The files of all drafts and of what waits."""

    def __init__(self, files: AttachmentFiles, clock: Clock) -> None:
        self._files, self._clock = files, clock

    def open(self) -> None:
        """Make their folder."""
        self._files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def sweep(self) -> None:
        """Let go of files that were not sent in time, and of those that OpenCode has."""
        now = self._clock.now()
        left = await self._files.sweep(now - UNSENT, now - SENT)
        await asyncio.to_thread(self._files.remove_others, left, now - SENT)

    def of_draft(self, user_id: str, session_id: str) -> list[AttachmentRow]:
        """Return the files that lie with a person's draft."""
        return self._files.of_draft(user_id, session_id)

    def mine(self, user_id: str, session_id: str, ids: Sequence[str]) -> tuple[str, ...]:
        """Return those ids that are files of this person and session; raises AttachmentGone or AttachmentTooLarge."""
        rows = [self._get(user_id, session_id, one) for one in dict.fromkeys(ids)]
        self._whole(sum(row.size for row in rows))
        return tuple(row.id for row in rows)

    def named(self, ids: Sequence[str]) -> list[tuple[AttachmentRow, Path]]:
        """Return those that are there, with where their bytes are."""
        rows = [self._files.get(one) for one in ids if _ID.fullmatch(one)]
        found = [(row, self._files.path(row.id)) for row in rows if row is not None]
        return [(row, path) for row, path in found if path.exists()]

    def content(self, user_id: str, session_id: str, attachment_id: str) -> tuple[AttachmentRow, Path]:
        """Return one of this person's files and where its bytes are; raises AttachmentGone."""
        row = self._get(user_id, session_id, attachment_id)
        return row, self._files.path(row.id)

    async def add(self, user_id: str, session_id: str, name: str, source: IO[bytes]) -> AttachmentRow:
        """Keep a file with a draft; raises AttachmentKind, AttachmentTooLarge or AttachmentsFull.

        `source` is read in a thread, and not beyond the limit.
        """
        name = name_of(name)
        content = await asyncio.to_thread(source.read, ONE + 1)
        if len(content) > ONE:
            raise AttachmentTooLarge(f"“{name}” has more than 10 MB.")
        if not content:
            raise AttachmentKind(f"“{name}” is empty.")
        mime = await asyncio.to_thread(kind_of, content)
        if mime is None:
            raise AttachmentKind(f"“{name}” is neither a picture nor a PDF nor text.")
        self._whole(len(content) + sum(row.size for row in self.of_draft(user_id, session_id)))
        await self.sweep()
        if self._files.held(user_id) + len(content) > HELD:
            raise AttachmentsFull(f"At most {HELD // MB} MB are kept.")
        row = AttachmentRow(new_id("att"), user_id, session_id, name, mime, len(content), self._clock.now())
        await asyncio.to_thread(_write, self._files.path(row.id), content)
        await self._files.add(row)
        return row

    async def remove(self, user_id: str, session_id: str, attachment_id: str) -> None:
        """Take a file out of the draft; none there is no error."""
        row = self._files.get(attachment_id)
        if row is not None and (row.user_id, row.session_id) == (user_id, session_id):
            await self._files.drop(row.id)

    def _get(self, user_id: str, session_id: str, attachment_id: str) -> AttachmentRow:
        row = self._files.get(attachment_id) if _ID.fullmatch(attachment_id) else None
        if row is None or (row.user_id, row.session_id) != (user_id, session_id):
            raise AttachmentGone
        return row

    @staticmethod
    def _whole(size: int) -> None:
        if size > MESSAGE:
            raise AttachmentTooLarge("The files of one message have more than 20 MB together.")


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

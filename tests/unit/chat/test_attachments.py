# SPDX-License-Identifier: MIT
"""Files for messages: what they are, how large, whose, and how long they are kept."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opencode_nexus.chat.composing.attachments import (
    HELD,
    MESSAGE,
    ONE,
    SENT,
    UNSENT,
    Attachments,
    kind_of,
    name_of,
    size_words,
)
from opencode_nexus.chat.errors import AttachmentGone, AttachmentKind, AttachmentsFull, AttachmentTooLarge
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.store.attachments import AttachmentFiles, use
from opencode_nexus.store.db import Database

pytestmark = pytest.mark.anyio

ME, S = "usr_1", "ses_1"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[tuple[Attachments, Database, ManualClock]]:
    db, clock = Database(tmp_path / "nexus.db"), ManualClock(1_800_000_000.0)
    await db.open()
    kept = Attachments(AttachmentFiles(db, tmp_path / "attachments"), clock)
    kept.open()
    yield kept, db, clock
    await db.close()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"%PDF-1.7", "application/pdf"),
        ("häß <svg onload=alert(1)>".encode(), "text/plain"),
        (b"text, then \0", None),
        (b"\x7fELF\x02\x01", "text/plain"),  # the beginning of a program is text as long as nothing else follows
        (b"\xff\xfe\x00", None),
        (b"caf\xe9", None),
    ],
)
def test_a_files_kind_goes_by_its_content(content: bytes, kind: str | None) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a.png", "a.png"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\nb\x07.txt", "ab.txt"),
        (" \u200b ", "file"),
        ("..", "file"),
        (".env", ".env"),
    ],
)
def test_a_files_name_is_only_a_name(given: str, name: str) -> None:
    assert name_of(given) == name


def test_sizes_in_words() -> None:
    assert [size_words(size) for size in (1, 1500, 999_999, 1_000_000, 12_340_000)] == [
        "1 kB", "2 kB", "1000 kB", "1.0 MB", "12.3 MB",
    ]  # fmt: skip


async def test_what_is_too_large_is_not_read_beyond_the_limit(
    desk: tuple[Attachments, Database, ManualClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _, _ = desk
    endless = io.BytesIO(b"x" * (ONE + 5000))
    with pytest.raises(AttachmentTooLarge, match=r"“big.txt” has more than 10 MB"):
        await kept.add(ME, S, "big.txt", endless)
    assert endless.tell() == ONE + 1
    with pytest.raises(AttachmentKind, match="is empty"):
        await kept.add(ME, S, "none.txt", io.BytesIO())
    for name in "ab":
        await kept.add(ME, S, name, io.BytesIO(b"x" * ONE))
    with pytest.raises(AttachmentTooLarge, match="20 MB together"):
        await kept.add(ME, S, "c", io.BytesIO(b"x" * (MESSAGE - 2 * ONE + 1)))
    monkeypatch.setattr("opencode_nexus.chat.composing.attachments.HELD", HELD // 10)
    with pytest.raises(AttachmentsFull):
        await kept.add(ME, "ses_2", "d", io.BytesIO(b"d"))
    assert [row.name for row in kept.of_draft(ME, S)] == ["a", "b"]


async def test_files_are_ones_own_and_end_in_time(desk: tuple[Attachments, Database, ManualClock]) -> None:
    kept, db, clock = desk
    mine = await kept.add(ME, S, "a.txt", io.BytesIO(b"mine"))
    used = await kept.add(ME, S, "b.txt", io.BytesIO(b"sent"))
    for user, session in (("usr_2", S), (ME, "ses_2")):
        with pytest.raises(AttachmentGone):
            kept.content(user, session, mine.id)
        with pytest.raises(AttachmentGone):
            kept.mine(user, session, [mine.id])
        await kept.remove(user, session, mine.id)
    with pytest.raises(AttachmentGone):
        kept.content(ME, S, "../nexus.db")
    assert kept.mine(ME, S, [mine.id, mine.id]) == (mine.id,)
    assert kept.content(ME, S, mine.id)[1].read_bytes() == b"mine"
    await db.write(lambda connection: use(connection, (used.id,), clock.now()))
    assert [row.id for row in kept.of_draft(ME, S)] == [mine.id]
    clock.advance(SENT + 1)
    await kept.sweep()
    assert [row.id for row, _ in kept.named([mine.id, used.id])] == [mine.id]
    clock.advance(UNSENT)
    await kept.sweep()
    assert kept.named([mine.id]) == []

# SPDX-License-Identifier: MIT
"""What odd messages say of themselves is kept, and keeps nobody else's figures out."""

from pathlib import Path

import pytest

from opencode_nexus.chat.usage.usage import MOST, _answer, _Told
from opencode_nexus.store.db import Database
from opencode_nexus.store.usage import UsageStore

pytestmark = pytest.mark.anyio


async def test_an_imported_answer_of_no_calendar_and_of_more_tokens_than_there_are_is_kept(tmp_path: Path) -> None:
    """One such stopped the counting of all that came after it, at each start again."""
    info = {
        "id": "msg_1", "sessionID": "ses_1", "role": "assistant", "time": {"created": 8.7e15, "completed": 8.7e15},
        "tokens": {"input": 1e308, "output": -5, "cache": {"read": float("inf")}},
    }  # fmt: skip
    db = Database(tmp_path / "nexus.db")
    await db.open()
    store = UsageStore(db)
    kept = await store.put([_answer(_Told("srv_1", None, "/p", info), "ses_1")])
    assert [(one.created, one.output) for one in kept] == [(0, 0)]
    await store.put([_answer(_Told("srv_1", None, "/p", {**info, "id": f"msg_{n}"}), "ses_1") for n in range(2, 9)])
    assert store.total("session", "ses_1").input == 8 * MOST
    await db.close()

# SPDX-License-Identifier: MIT
"""What a notification says of a row, and what it never does."""

from dataclasses import dataclass
from typing import Any

import pytest

from opencode_nexus.notify.notice import HIDDEN, added, after_quiet, is_whole, plain, removed, topic_of
from opencode_nexus.opencode.state import Permission


@dataclass(frozen=True)
class Row:
    id: str = "per_1"
    kind: str = "permission"
    server_id: str = "srv_1"
    root_id: str = "ses_1"
    title: str = "Shop"
    detail: str = "bash: touch a.txt"
    at: float = 1000.5
    request: Any = None


def asks(**metadata: Any) -> Permission:
    return Permission("per_1", "ses_1", "bash", (), (), metadata)


def test_a_permission_can_be_answered_where_all_of_it_shows() -> None:
    told = added(Row(request=asks(command="touch a.txt")), hide=False)
    assert told.payload == {
        "id": "per_1",
        "kind": "permission",
        "title": "Permission needed: Shop",
        "text": "bash: touch a.txt",
        "path": "/chat/srv_1/ses_1",
        "at": 1000500,
        "answers": True,
    }
    assert told.urgency == "high"


@pytest.mark.parametrize(
    "row",
    [
        Row(detail="bash: " + "x" * 400),
        Row(detail="bash: cut by the hub …"),
        Row(request=asks(command="one\ntwo")),
        Row(request=asks(command="rm p\u0430y")),  # Cyrillic; a page warns of it
        Row(detail="edit: a.py", request=asks(diff="--- a\n+++ b\n")),
        Row(detail="shop_pay: *", request=Permission("per_1", "ses_1", "shop_pay", ("*",), (), {})),
        Row(detail="task: general", request=Permission("per_1", "ses_1", "task", ("general",), (), {})),
        Row(kind="question", detail="Which one?"),
        Row(kind="finished", detail="Done."),
    ],
)
def test_what_is_not_shown_whole_cannot_be_allowed_there(row: Row) -> None:
    assert not added(row, hide=False).payload["answers"]


def test_what_is_hidden_is_not_said_at_all() -> None:
    told = added(Row(), hide=True).payload
    assert told["text"] == HIDDEN and not told["answers"]
    assert "Shop" not in str(told) and "touch" not in str(told)
    many = after_quiet([Row(), Row(id="per_2")], hide=True).payload
    assert "Shop" not in str(many) and "touch" not in str(many)


def test_what_cannot_be_seen_is_written_out() -> None:
    assert plain("rm \u202e txt.a\u200b\x1b[0m") == "rm ⟨U+202E⟩ txt.a⟨U+200B⟩⟨U+001B⟩[0m"
    assert plain("a\n  b\tc") == "a b c"
    assert len(plain("x" * 1000)) == 300 and is_whole(Row(request=asks(command="touch a.txt")))


def test_its_end_takes_the_place_of_what_waits_at_the_push_service() -> None:
    assert removed("per_1").topic == added(Row(), hide=False).topic == topic_of("per_1")
    assert removed("per_1").payload == {"close": "per_1"}
    assert len(topic_of("per_1")) == 32 and "per_1" not in topic_of("per_1")


def test_after_quiet_hours_one_is_told_by_itself_and_several_together() -> None:
    assert after_quiet([Row()], hide=False).payload["id"] == "per_1"
    told = after_quiet([Row(), Row(id="per_2", title="", detail="bash: ls")], hide=False).payload
    assert (told["title"], told["path"]) == ("2 things in the inbox", "/inbox")
    assert told["text"] == "Shop: bash: touch a.txt; New chat: bash: ls"

# SPDX-License-Identifier: MIT
"""Rows of the inbox as HTML: where they come from, what is asked, and nothing that leaves its block."""

from opencode_nexus.opencode.state import Permission, Question
from opencode_nexus.render.components.inbox import InboxCard, badge, in_words, row, rows

EVIL = "<script>alert(1)</script>\u202e"
ASKED = Permission("per_1", "ses_2", "bash", ("rm -rf x",), ("rm *",), {"command": f"rm -rf x {EVIL}"})


def card(**more: object) -> InboxCard:
    values: dict[str, object] = {
        "id": "per_1", "kind": "permission", "server_id": "srv_1", "server": "Mine", "session_id": "ses_2",
        "root_id": "ses_1", "title": "The chat", "directory": "/home/ada/shop", "path": ("reviewer", "main"),
        "detail": "bash: rm", "at": 0.0, "request": ASKED,
    }  # fmt: skip
    return InboxCard(**{**values, **more})  # type: ignore[arg-type]


def test_a_permission_says_where_it_comes_from_and_is_answered_in_the_inbox() -> None:
    html = row(card(), "/nexus").html()
    for words in ("reviewer ← main", "shop", "Mine", 'href="/nexus/chat/srv_1/ses_1"', "rm -rf x"):
        assert words in html
    assert 'action="/nexus/inbox/per_1/permission"' in html
    assert "“Always” lets it run commands that match rm * in this folder" in html
    assert "<script" not in html and "\u202e" not in html


def test_every_text_of_others_stays_text() -> None:
    question = Question("que_1", "ses_1", ({"question": EVIL, "options": [{"label": EVIL, "description": EVIL}]},))
    for one in (
        card(title=EVIL, directory=EVIL, path=(EVIL,), server=EVIL),
        card(id="que_1", kind="question", request=question, title=EVIL),
        card(id="turn_1", kind="failed", request=None, detail=EVIL, title=EVIL),
    ):
        html = row(one, "").html()
        assert "<script" not in html


def test_what_is_not_sure_says_so() -> None:
    assert "being checked" in row(card(doubt="checking"), "").html()
    assert "cannot be answered" in row(card(doubt="down"), "").html()
    assert "Allows all until" in row(card(accepting=5.0), "").html()


def test_turns_that_are_over_are_opened_or_dismissed() -> None:
    html = row(card(id="turn_1", kind="failed", request=None, detail="No credit"), "").html()
    assert "The turn failed" in html and "No credit" in html and 'action="/inbox/turn_1/dismiss"' in html
    assert "The agent is done" in row(card(id="turn_1", kind="finished", request=None), "").html()
    html = row(card(id="turn_1", kind="budget", request=None, detail="Stopped: used up."), "").html()
    assert "A budget is used up" in html and "Stopped: used up." in html and '/usage#budget"' in html


def test_an_empty_list_says_what_will_be_in_it() -> None:
    assert "Nothing waits for you" in rows([], "", filtered=False).html()
    assert "Nothing of this kind" in rows([], "", filtered=True).html()


def test_the_badge_has_room_for_two_digits() -> None:
    assert (in_words(0), in_words(7), in_words(150)) == ("", "7", "99+")
    assert "hidden" in badge(0) and 'data-count="99+"' in badge(150)

# SPDX-License-Identifier: MIT
"""What waits is kept once, told apart by server and session, and named in a few words."""

from opencode_nexus.chat.inbox.waiting import DETAIL, Inbox, detail_of
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.opencode.state import Permission, Question


def permission(name: str, session: str = "ses_1", **metadata: object) -> Permission:
    return Permission(name, session, "edit", ("a.txt", "b.txt"), (), dict(metadata))


def test_requests_are_kept_once() -> None:
    inbox = Inbox(ManualClock(now=100.0))
    assert inbox.put("srv_1", "/p", permission("per_1"))
    assert not inbox.put("srv_1", "/p", permission("per_1"))
    inbox.put("srv_1", "/p", permission("per_2", "ses_2"))
    inbox.put("srv_2", "/q", Question("que_1", "ses_3", ({"question": "Which?"},)))
    assert [entry.request.id for entry in inbox.of()] == ["per_1", "per_2", "que_1"]
    assert [entry.request.id for entry in inbox.of("srv_1")] == ["per_1", "per_2"]
    assert [entry.request.id for entry in inbox.of("srv_1", "ses_2")] == ["per_2"]
    kept = inbox.get("que_1")
    assert kept is not None
    assert (kept.at, kept.directory, kept.server_id) == (100.0, "/q", "srv_2")
    assert inbox.drop("que_1") == kept
    assert inbox.drop("que_1") is None
    assert inbox.get("que_1") is None


def test_details_are_one_short_line() -> None:
    assert detail_of(permission("p")) == "edit: a.txt b.txt"
    assert detail_of(permission("p", command="echo a\n  && b")) == "edit: echo a && b"
    asked: tuple[dict[str, str], ...] = ({"question": "One?"}, {"question": "Two?"}, {})
    assert detail_of(Question("q", "s", asked)) == "One? Two?"
    long = detail_of(permission("p", command="x" * 999))
    assert (len(long), long[-1]) == (DETAIL, "…")

# SPDX-License-Identifier: MIT
"""A chat's title, and what is asked in it, hide nothing wherever they stand on a page."""

from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.opencode.state import SessionState
from opencode_nexus.render.components.chats import chats
from opencode_nexus.render.components.head import HeadFacts, head
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.page import environment

TITLE = "Pay\u202etxt.\u200bexe"
LINKS = Links("", "srv_1", "ses_1")
SEEN = '⟨U+202E⟩</span>txt.<span class="unseen" title="Zero width space">⟨U+200B⟩</span>exe'


def chat(**more: Any) -> Any:
    about = {"id": "ses_1", "title": TITLE, "directory": "/p", "parent_id": None, "updated": 1.0, "created": 1.0}
    return SimpleNamespace(**{**about, "status": "idle", "waiting": 0, "archived": None, **more})


def test_in_the_list_of_chats_and_in_the_head() -> None:
    deleted = [SimpleNamespace(session_id="ses_2", title=TITLE)]
    listed = chats([chat()], LINKS, server_name="work", deleted=deleted).html()
    assert listed.count(SEEN) == 2
    assert "\u202e" not in listed
    facts = HeadFacts(origin=("ses_3", TITLE), parent=("ses_4", TITLE))
    made = head(SessionState("ses_1", TITLE), facts, LINKS).html()
    assert made.count(SEEN) == 3
    assert made.count("\u202e") == 1  # what is renamed is as it is


@pytest.mark.parametrize("piece", ["waiting", "running", "activity"])
def test_on_the_dashboard(piece: str) -> None:
    waits = SimpleNamespace(server_id="srv_1", root_id="ses_1", kind="permission", title=TITLE, detail=TITLE, at=1.0)
    runs = SimpleNamespace(server_id="srv_1", session_id="ses_1", title=TITLE, server_name="work")
    line = SimpleNamespace(level="info", text=f"“{TITLE}” asks: {TITLE}", at=1.0)
    view = SimpleNamespace(waiting=[waits], running=[runs], activity=[line])
    module = environment().get_template("dashboard_parts.html").module
    made = str(getattr(module, piece)(view, lambda path: path))
    assert made.count(SEEN) == (1 if piece == "running" else 2)
    assert "\u202e" not in made

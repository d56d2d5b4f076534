# SPDX-License-Identifier: MIT
"""A text of 1 MB: a page holds its beginning and its end, and growing costs what is added."""

import re

from opencode_nexus.live.view import View
from opencode_nexus.opencode.state import Change, Message, Part, SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.text import KEPT, LONG, Text, user_text
from opencode_nexus.render.conversation import Conversation

LINKS = Links("", "srv_1", "ses_1")
WHOLE = LINKS.part("msg_1", "prt_1", 1000)


def words(size: int) -> str:
    return "".join(f"paragraph {number} of it\n\n" for number in range(size // 24))


def part(text: str, *, closed: bool = True) -> Part:
    return Part("prt_1", "msg_1", "text", text, closed=closed)


def test_a_text_of_1_mb_is_cut_in_its_middle_and_leads_to_the_whole() -> None:
    text = words(1_000_000)
    made = Text("prt_1", None, WHOLE).text(part(text)).html()
    assert len(made) < 200_000
    assert "paragraph 0 of it" in made
    assert text.rstrip().rpartition("\n")[2] in made
    assert f'href="{WHOLE}"' in made
    assert "Show all (" in made


def test_one_that_is_not_long_is_whole() -> None:
    text = words(LONG - 100)
    made = Text("prt_1", None, WHOLE).text(part(text)).html()
    assert made.count("<p data-k") == text.count("\n\n")


def test_code_that_goes_on_into_the_end_is_code_there() -> None:
    text = "```\n" + "".join(f"line {number} *x*\n" for number in range(20_000)) + "```\n\nAfter **it**."
    made = Text("prt_1", None, WHOLE).text(part(text)).html()
    assert "line 19999 *x*" in made
    assert "<strong>it</strong>" in made
    assert "<em>" not in made


def test_it_is_the_same_page_whether_it_grew_or_was_there() -> None:
    growing = part("", closed=False)
    held = Message("msg_1", "assistant", 1.0, parts={growing.id: growing})
    state = SessionState("ses_1", messages={held.id: held})
    shown = Conversation(state, LINKS)
    view = View(shown.tree)
    sent = 0
    for _ in range(60):
        growing.text += words(3000)
        shown.change([Change("delta", held.id, growing.id)])
        sent += sum(len(str(op)) for op in view.collect())
    assert view.html() == Conversation(state, LINKS).tree().html()
    assert len(growing.text) > LONG * 2
    assert len(re.findall("<p", view.html())) < 2 * KEPT // 10, "what the page holds is bounded"
    assert sent < 8 * len(growing.text), "and what is sent grows with what is said"
    growing.closed = True
    shown.change([Change("part", held.id, growing.id)])
    view.collect()
    assert view.html() == Conversation(state, LINKS).tree().html()


def test_what_a_user_wrote_is_cut_as_well() -> None:
    made = user_text(part("x" * 1_000_000), WHOLE).html()
    assert len(made) < 2 * KEPT
    assert "Show all (1,000 KB)" in made

# SPDX-License-Identifier: MIT
"""A text of 1 MB: a page holds its beginning and its end, and growing costs what is added."""

import html
import re

import pytest

from opencode_nexus.live.view import View
from opencode_nexus.opencode.state import Change, Message, Part, SessionState
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.text import KEPT, LONG, Text, user_text
from opencode_nexus.render.conversation import MOST, Conversation
from opencode_nexus.render.highlight import Highlighter
from opencode_nexus.render.past import Past, past_html
from opencode_nexus.render.tree import elements

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
    text = "".join(f"paragraph {number} of it, {'and more words ' * 6}\n\n" for number in range(520))
    assert LONG * 0.9 < len(text) < LONG
    made = Text("prt_1", None, WHOLE).text(part(text)).html()
    assert made.count("<p data-k") == text.count("\n\n")


DENSE = {
    "paragraphs": "a\n\n", "emphasis": "*a* ", "code": "\n`a` b `c` ", "tables": "|a|b|\n|-|-|\n|1|2|\n|3|4|\n\n",
    "lists": "- a\n", "lists in lists": "\n- - - - a", "quotes": "> > > a\n\n", "headings": "# a\n",
    "links": "[a](http://b.c) ", "hard breaks": "a\\\n", "numbered": "1. 1. 1. a\n",
    "coloured code": "```python\nif not x and y or z in w: pass\n```\n\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", DENSE)
def test_however_dense_a_text_is_a_page_holds_a_bounded_part_of_it(kind: str) -> None:
    text = DENSE[kind] * (1_000_000 // len(DENSE[kind])) + "\n\nand the **end**"
    for closed in (True, False):
        made = Text("prt_1", Highlighter().spans, WHOLE).text(part(text, closed=closed))
        assert elements(made) < 2200
        assert made.html().endswith('<p data-k="' + made.kids[-1].key + '">and the <strong>end</strong></p></div>')
    short = DENSE[kind] * (40_000 // len(DENSE[kind]))
    assert elements(Text("prt_1", Highlighter().spans, WHOLE).text(part(short))) < 2200


def test_code_has_a_bounded_number_of_colours_and_all_its_words() -> None:
    code = "x = [1, 2, 'three']  # four\n" * 1000
    made = Highlighter().spans(code, "python")
    assert made is not None
    assert 500 < made.count("<span") <= 601
    assert html.unescape(re.sub("<[^>]*>", "", made)) == code


def answers(number: int, each: int) -> SessionState:
    """A session of so many answers, each of about so many elements."""
    state = SessionState("ses_1")
    for index in range(number):
        text = part(f"answer {index}\n\n" + "a\n\n" * each)
        text.id = f"prt_{index:03}"
        message = Message(f"msg_{index:03}", "assistant", 1.0 + index, parts={text.id: text})
        message.info = {"sessionID": "ses_1"}
        state.messages[message.id] = message
    return state


def test_a_page_of_long_answers_holds_fewer_of_them_and_the_way_to_the_others() -> None:
    state = answers(30, 300)
    made = Conversation(state, LINKS).tree()
    shown = re.findall(r"<p[^>]*>answer (\d+)<", made.html())
    assert shown == ["26", "27", "28", "29"]
    assert elements(made) < 1500
    assert LINKS.older("msg_026", 27_000).replace("&", "&amp;") in made.html()


def test_a_chat_that_is_open_stays_bounded_too() -> None:
    state = answers(4, 300)
    shown = Conversation(state, LINKS)
    view = View(shown.tree)
    for index, message in answers(40, 300).messages.items():
        if index not in state.messages:
            state.messages[index] = message
            shown.change([Change("message", index)])
            view.collect()
            assert elements(shown.tree()) < MOST + 100
    assert "answer 39" in view.html()


def test_a_piece_of_the_past_is_bounded_around_where_it_begins() -> None:
    messages = list(answers(31, 300).messages.values())
    state = SessionState("ses_1")
    for around, kept in ((0, range(4)), (15, range(14, 18)), (30, range(27, 31))):
        past = Past(messages, before=False, after=False, joins=True, around=messages[around].id)
        made = past_html(state, past, LINKS)
        assert [int(found) for found in re.findall(r"<p[^>]*>answer (\d+)<", made)] == list(kept)
        assert (f"before={messages[kept[0]].id}" in made) == (kept[0] > 0)
        assert (f"after={messages[kept[-1]].id}" in made) == (kept[-1] < 30)
        assert ("data-joins" in made) == (kept[-1] == 30)


def test_code_that_goes_on_into_the_end_is_code_there() -> None:
    text = "```\n" + "".join(f"line {number} *x*\n" for number in range(20_000)) + "```\n\nAfter **it**."
    made = Text("prt_1", None, WHOLE).text(part(text)).html()
    assert "line 19999 *x*" in made
    assert "<strong>it</strong>" in made
    assert "<em>" not in made


def unkeyed(view: View) -> str:
    """What a page shows: its keys tell of how it came to be."""
    return re.sub(' data-k="[^"]*"', "", view.html())


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
    assert unkeyed(view) == unkeyed(View(Conversation(state, LINKS).tree))
    assert len(growing.text) > LONG * 2
    assert len(re.findall("<p", view.html())) < 2 * KEPT // 10, "what the page holds is bounded"
    assert sent < 8 * len(growing.text), "and what is sent grows with what is said"
    growing.closed = True
    shown.change([Change("part", held.id, growing.id)])
    view.collect()
    assert unkeyed(view) == unkeyed(View(Conversation(state, LINKS).tree))


def test_what_a_user_wrote_is_cut_as_well() -> None:
    made = user_text(part("x" * 1_000_000), WHOLE).html()
    assert len(made) < 2 * KEPT
    assert "Show all (1,000 KB)" in made


def test_a_growing_text_whose_middle_goes_takes_it_away_and_sends_nothing_again() -> None:
    made = Text("prt_1", Highlighter().spans, WHOLE)
    growing = part("", closed=False)
    view = View(lambda: made.text(growing))
    frames: list[int] = []
    for number in range(700):
        growing.text += f"paragraph {number} of it, {'and *more* words ' * 8}\n\n"
        frames.append(sum(len(str(op)) for op in view.collect() if op[0] != "remove"))
        keys = [kid.key for kid in made.text(growing).kids]
        assert len(set(keys)) == len(keys)
    assert len(growing.text) > 1.5 * LONG
    assert max(frames) < 1000
    fresh = Text("prt_1", None, WHOLE).text(growing)
    assert [kid.body for kid in made.text(growing).kids] == [kid.body for kid in fresh.kids]

# SPDX-License-Identifier: MIT
"""A growing text: however it comes in pieces, its page ends the same, and what is final stays final."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from opencode_nexus.render.blocks import Blocks

PIECES = [
    "word ", "two words", "\n", "\n\n", "# Head", "## ", "- item", "1. one", "2. two", "   deep", "> q", "```",
    "```py\n", "**b**", "*", "_", "`c`", "| a | b |", "|--|--|", "---", "===", "<b>", "<div>\n", "</div>", "[x]: /u",
    "[x]", "![p](u)", "    code", "~~", "\\", "&amp;", "+", "\t", "é",
    "⟦1;2⟧", "https://a.example/b", "#", "<!--", "-->", "> ", "\n\n", "``` ", "~~~\n",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def whole(text: str) -> list[str]:
    blocks = Blocks()
    blocks.feed(text, closed=True)
    return blocks.html


@settings(max_examples=200, deadline=None)
@given(text=texts, cuts=st.lists(st.integers(0, 300), max_size=12))
@example(text="para\n#", cuts=[5])
@example(text="- a\n\n-x", cuts=[4, 6])
def test_any_pieces_give_the_same_page_in_the_end(text: str, cuts: list[int]) -> None:
    blocks = Blocks()
    for cut in sorted({cut for cut in cuts if cut < len(text)}):
        blocks.feed(text[:cut], closed=False)
    blocks.feed(text, closed=False)
    blocks.feed(text, closed=True)
    assert blocks.html == whole(text)


@settings(max_examples=200, deadline=None)
@given(text=texts.filter(lambda text: "[x]" not in text), cuts=st.lists(st.integers(0, 300), max_size=12))
def test_without_definitions_the_open_page_is_right_at_every_moment(text: str, cuts: list[int]) -> None:
    blocks = Blocks()
    for cut in [*sorted({cut for cut in cuts if cut < len(text)}), len(text)]:
        blocks.feed(text[:cut], closed=False)
        assert blocks.html == whole(text[:cut])


def test_a_late_definition_heals_at_the_end() -> None:
    blocks = Blocks()
    blocks.feed("See [x].\n\nMore\n\n", closed=False)
    assert blocks.html[0] == "<p>See [x].</p>"
    blocks.feed("See [x].\n\nMore\n\n[x]: https://a.example", closed=True)
    assert 'href="https://a.example"' in blocks.html[0]


def test_a_definition_reaches_later_blocks_while_the_text_grows() -> None:
    blocks = Blocks()
    for text in ("[x]: https://a.example\n\nOne\n\nTwo\n\n", "[x]: https://a.example\n\nOne\n\nTwo\n\nSee [x]"):
        blocks.feed(text, closed=False)
    assert 'href="https://a.example"' in blocks.html[-1]


def test_only_the_open_block_is_made_again() -> None:
    blocks = Blocks()
    text = "One\n\nTwo\n\nThr"
    blocks.feed(text, closed=False)
    before = list(blocks.html)
    blocks.feed(text + "ee", closed=False)
    assert [a is b for a, b in zip(before, blocks.html, strict=True)] == [True, True, False]


def test_another_text_begins_anew() -> None:
    blocks = Blocks()
    blocks.feed("One\n\nTwo\n\nThree\n", closed=False)
    blocks.feed("Other", closed=False)
    assert blocks.html == ["<p>Other</p>"]
    blocks.feed("", closed=True)
    assert blocks.html == []


def test_code_that_waits_for_its_colours_is_made_again() -> None:
    ready: dict[str, str] = {}
    blocks = Blocks(lambda code, language: ready.get(code))
    text = "```py\nx = 1\n```\n\nafter\n"
    blocks.feed(text, closed=False)
    assert blocks.plain
    assert "<code>x = 1\n</code>" in blocks.html[0]
    ready["x = 1\n"] = "<span>x</span> = 1\n"
    blocks.refresh()
    assert not blocks.plain
    assert "<code><span>x</span> = 1\n</code>" in blocks.html[0]
    assert re.sub("<[^>]+>", "", blocks.html[1]) == "after"

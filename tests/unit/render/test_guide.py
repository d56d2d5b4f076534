# SPDX-License-Identifier: MIT
"""A page of the documentation: its headings, links and pictures; and nothing runs in it."""

import pytest

from opencode_nexus.render.guide import Guide, Heading, guide, slug

THERE = {"howto/phone.md": "/help/howto/phone", "index.md": "/help", "images/chat.webp": "/help/images/chat.webp"}


def page(text: str, file: str = "howto/this.md") -> Guide:
    return guide(text, file, lambda there, fragment: f"{THERE[there]}{fragment}" if there in THERE else None)


def test_its_title_stands_apart_and_its_headings_can_be_linked() -> None:
    made = page("# Use `it` *well*\n\nWords.\n\n## One & two\n\n### Three\n\n## One & two\n")
    assert made.title == "Use it well"
    assert "<h1" not in made.html
    assert made.headings == (
        Heading(2, "one--two", "One & two"), Heading(3, "three", "Three"), Heading(2, "one--two-1", "One & two"),
    )  # fmt: skip
    assert '<h2 id="one--two">One &amp; two</h2><h3 id="three">Three</h3><h2 id="one--two-1">' in made.html


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[a](phone.md)", '<a href="/help/howto/phone" rel="noopener noreferrer">a</a>'),
        ("[a](../howto/phone.md#be-told)", '<a href="/help/howto/phone#be-told" rel="noopener noreferrer">a</a>'),
        ("[a](../index.md)", '<a href="/help" rel="noopener noreferrer">a</a>'),
        ("[a](#here)", '<a href="#here" rel="noopener noreferrer">a</a>'),
        ("[a](https://b.example)", '<a href="https://b.example" target="_blank" rel="noopener noreferrer">a</a>'),
        ("[a](../../elsewhere.md)", "a"),
        ("[a](javascript:alert(1))", "a"),
        ('![a "b" & c](../images/chat.webp)', '<img src="/help/images/chat.webp" alt="a &quot;b&quot; &amp; c"'),
        ("![a](../images/none.webp)", "a"),
    ],
)
def test_where_links_lead_and_pictures_come_from(link: str, shown: str) -> None:
    assert page(f"# T\n\n{link}\n").html.startswith(f"<p>{shown}")


def test_a_note_to_writers_is_not_shown_and_html_is_words() -> None:
    made = page("# T\n<!-- Made by a script. -->\n\n<script>alert(1)</script>\n\nA <b onclick=x>b</b>.\n")
    assert made.html.count("Made by") == 0
    assert "<script" not in made.html
    assert "&lt;script&gt;alert(1)" in made.html
    assert "&lt;b onclick=x&gt;" in made.html


def test_a_column_without_a_heading_has_no_heading_cell() -> None:
    made = page("# T\n\n| a | |\n|---|---|\n| 1 | 2 |\n").html
    assert "<tr><th>a</th><td></td></tr>" in made
    assert "<tr><td>1</td><td>2</td></tr>" in made


def test_slugs_are_those_of_code_forges() -> None:
    assert slug("Step 1: what’s “new”, and `a_b`?") == "step-1-whats-new-and-a_b"

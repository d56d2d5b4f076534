# SPDX-License-Identifier: MIT
"""A chat as a Markdown file: what is no Markdown of the chat's own is not read as such."""

from datetime import UTC, datetime

from opencode_nexus.chat.markdown import message_markdown, session_markdown

HTML = "<img src=x onerror=alert(1)>"


def test_a_title_and_an_error_are_words_not_html() -> None:
    head = session_markdown({"title": HTML}, datetime(2026, 1, 1, tzinfo=UTC))
    failed = message_markdown({"info": {"role": "assistant", "error": {"name": "E", "data": {"message": HTML}}}})
    assert "<img" not in head + failed
    assert head.startswith("# &lt;img src=x onerror=alert(1)&gt;\n")

# SPDX-License-Identifier: MIT
"""What waits, above the composer."""

from dataclasses import dataclass

from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.queue import queue

LINKS = Links("/nexus", "srv_1", "ses_1")


@dataclass(frozen=True)
class Waiting:
    id: str
    text: str
    files: tuple[str, ...] = ()
    held: str = ""


def test_nothing_waits() -> None:
    assert queue([], LINKS).html() == '<section data-k="queue" class="queue" aria-label="What waits"></section>'


def test_each_can_be_sent_changed_and_removed_and_nothing_in_it_is_markup() -> None:
    html = queue(
        [Waiting("que_1", "</textarea><script>x</script>", ("a", "b")), Waiting("que_2", "", ("c",))], LINKS
    ).html()
    assert "2 messages wait until the agent is done" in html
    assert "<script" not in html
    assert html.count('action="/nexus/chat/srv_1/ses_1/queue/que_1"') == 2
    assert ">2 files<" in html
    assert "(files only)" in html
    assert html.count('value="send"') == html.count('value="drop"') == html.count('value="save"') == 2


def test_why_it_is_held_is_said() -> None:
    html = queue([Waiting("que_1", "x", held="You <b>stopped</b> it.")], LINKS).html()
    assert "You &lt;b&gt;stopped&lt;/b&gt; it. So what waits is not sent by itself." in html
    assert "until the agent is done" not in html

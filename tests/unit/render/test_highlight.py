# SPDX-License-Identifier: MIT
"""Colours for finished code: nothing lost, nothing blocking, bounded."""

import re
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.render import highlight
from opencode_nexus.render.highlight import Highlighter

SHARED = Highlighter()


def plain(html: str) -> str:
    text = re.sub("<[^>]+>", "", html)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@given(st.text(alphabet="ab\n\t <>&\"'#=()1:\x0b\\{}", max_size=80), st.sampled_from(["py", "html", "sh", "none", ""]))
def test_the_code_is_all_there_and_escaped(code: str, language: str) -> None:
    made = SHARED.spans(code, language)
    assert made is not None
    assert plain(made) == code
    assert not set(re.findall("<[^>]*>", made)) - {"</span>", *(f'<span class="{c}">' for c in "kmscfbid")}


def test_few_classes() -> None:
    made = SHARED.spans('def f(x):\n    return "a" + 1  # why\n', "python")
    assert made == (
        '<span class="k">def </span><span class="f">f</span>(x):\n    <span class="k">return </span>'
        '<span class="s">"a" </span>+ <span class="m">1  </span><span class="c"># why\n</span>'
    )


def test_long_code_is_coloured_by_a_thread_and_told_once() -> None:
    ready: list[Callable[[], None]] = []
    arrived = threading.Event()

    def run(act: Callable[[], None]) -> None:
        ready.append(act)
        arrived.set()

    colours = Highlighter(run)
    told: list[str] = []
    unlisten = colours.listen(lambda: told.append("ready"))
    code = "x = 1\n" * 200
    assert colours.spans(code, "py") is None
    assert colours.spans(code, "py") is None, "not begun twice"
    assert arrived.wait(20)
    assert len(ready) == 1
    ready[0]()
    assert told == ["ready"]
    made = colours.spans(code, "py")
    assert made is not None
    assert '<span class="m">' in made
    assert colours.spans("y = 2", "py") is not None, "short code in a language that is loaded is done at once"
    unlisten()
    colours.close()


def test_what_was_not_used_for_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlight, "ROOM", 4000)
    colours = Highlighter()
    for number in range(200):
        colours.spans(f"value_{number} = {number}", "py")
    assert colours._size <= 4000
    assert 0 < len(colours._done) < 200


def test_very_long_code_and_unknown_languages_stay_plain() -> None:
    begun = time.process_time()
    assert SHARED.spans("a < b\n" * 20_000, "py") == "a &lt; b\n" * 20_000
    assert time.process_time() - begun < 1
    assert SHARED.spans("a < b", "nobody-speaks-this") == "a &lt; b"

# SPDX-License-Identifier: MIT
"""What a stylesheet must not ask, since a browser would ask it again for each piece of an answer that streams."""

import re

import pytest

from opencode_nexus.web.static import StaticFiles


@pytest.mark.parametrize("name", ["nexus.css", "chat.css"])
def test_no_selector_has_the_whole_answer_styled_again(name: str) -> None:
    rules = re.sub(r"/\*.*?\*/", "", StaticFiles().text(name), flags=re.DOTALL)
    # an element that comes before others: every one of its siblings, and all within them
    assert not re.findall(r"[^{},;]*\+ \*", rules)
    # asked of every ancestor, whatever comes
    inside = re.findall(r":has\(((?:[^()]|\([^()]*\))*)\)", rules)
    assert inside
    assert not [found for found in inside if re.search(r"\*|:empty|:not\(|(?:^|[\s>+~]):(?!is\()", found)]

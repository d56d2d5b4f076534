# SPDX-License-Identifier: MIT
"""What is kept of a part, however long it is."""

from opencode_nexus.opencode.bounds import HEAD, LONGEST, TAIL, bound, weight
from opencode_nexus.opencode.state import Message, Part
from opencode_nexus.render.components.words import size


def test_short_parts_stay_as_they_are() -> None:
    part = Part("prt_1", "msg_1", "tool", data={"state": {"output": "x" * LONGEST, "input": {"n": 1}}})
    before = part.data
    assert bound(part).data is before
    assert not part.cut


def test_of_a_long_output_the_beginning_and_the_end_are_kept() -> None:
    output = "a" * HEAD + "m" * 10_000_000 + "z" * TAIL
    part = bound(Part("prt_1", "msg_1", "tool", data={"state": {"output": output, "metadata": {"list": [output, 1]}}}))
    kept = part.data["state"]["output"]
    assert part.cut
    assert kept.startswith("a" * HEAD + "\n")
    assert kept.endswith("\n" + "z" * TAIL)
    assert "10,000,000 characters are left out" in kept
    assert part.data["state"]["metadata"] == {"list": [kept, 1]}
    assert size(kept) == "10,064 KB", "its length is told, not that of what is kept"
    message = Message("msg_1", "assistant", 0.0, parts={part.id: part})
    assert weight(message) < 150_000


def test_a_text_that_still_grows_is_whole() -> None:
    text = "w" * (LONGEST + 1)
    assert bound(Part("prt_1", "msg_1", "text", text, closed=False)).text == text
    assert len(bound(Part("prt_1", "msg_1", "text", text)).text) < LONGEST

# SPDX-License-Identifier: MIT
"""OpenCode's messages and the hub's copies, put together."""

from typing import Any

import pytest

from opencode_nexus.chat.transcript import cut_off, transcript
from opencode_nexus.store.journal import OpenPart

OPEN = {"type": "text", "text": "", "time": {"start": 1}}
CLOSED = {"type": "text", "text": "whole", "time": {"start": 1, "end": 2}}
TOOL = {"type": "tool", "tool": "bash", "state": {"status": "running"}}


def message(number: int, *parts: dict[str, Any], role: str = "assistant", **time: int) -> dict[str, Any]:
    known = [{"id": f"prt_{number}{i}", "messageID": f"msg_{number}", **part} for i, part in enumerate(parts)]
    return {"info": {"id": f"msg_{number}", "role": role, "time": {"created": 1, **time}}, "parts": known}


def copy(part: str, text: str, *gaps: int, interrupted: bool = False) -> dict[str, OpenPart]:
    kept = OpenPart(part, "srv", "ses", "msg", "/p", "text", list(gaps), interrupted, [text], len(text))
    return {part: kept}


def shown(
    raw: list[dict[str, Any]], kept: dict[str, OpenPart], *, busy: bool
) -> list[tuple[str, bool, bool, list[int]]]:
    return [
        (part.text, part.closed, part.interrupted, part.gaps)
        for one in transcript(raw, kept, busy=busy)
        for part in one.parts.values()
    ]


def test_a_running_part_has_the_hubs_words_and_gaps() -> None:
    assert shown([message(1, OPEN)], copy("prt_10", "half a", 2), busy=True) == [("half a", False, False, [2])]
    assert shown([message(1, OPEN)], {}, busy=True) == [("", False, False, [])]


def test_an_interrupted_part_has_them_for_good() -> None:
    kept = copy("prt_10", "half a", 2, interrupted=True)
    for busy in (True, False):
        assert shown([message(1, OPEN)], kept, busy=busy) == [("half a", True, True, [2])]


def test_what_no_session_runs_will_never_be_closed() -> None:
    kept = copy("prt_10", "half a")
    assert shown([message(1, OPEN, TOOL)], kept, busy=False) == [("half a", True, True, []), ("", True, True, [])]
    assert shown([message(1, OPEN, completed=2)], kept, busy=True) == [("half a", True, True, [])]
    later = [message(1, TOOL), message(2, role="user"), message(3, OPEN)]
    assert shown(later, {}, busy=True) == [("", True, True, []), ("", False, False, [])]


def test_opencodes_whole_text_wins() -> None:
    assert shown([message(1, CLOSED)], copy("prt_10", "who", 3), busy=True) == [("whole", True, False, [])]
    longer = {"type": "text", "text": "much longer", "time": {"start": 1}}
    assert shown([message(1, longer)], copy("prt_10", "short"), busy=True) == [("much longer", False, False, [])]


@pytest.mark.parametrize(
    ("raw", "cut"),
    [
        ([], False),
        ([message(1, role="user")], False),
        ([message(1)], True),
        ([message(1, completed=2)], False),
        ([message(1), message(2, completed=2)], False),
        ([{"info": {"role": "assistant", "error": {"name": "x"}, "time": {}}}], False),
    ],
)
def test_which_turn_was_cut_off(raw: list[dict[str, Any]], cut: bool) -> None:
    assert cut_off(raw) == cut

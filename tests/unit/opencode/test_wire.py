# SPDX-License-Identifier: MIT
"""OpenCode's JSON is read whatever stands in it."""

import pytest

from opencode_nexus.opencode.wire import message_of, seconds


@pytest.mark.parametrize("odd", [8.7e15, -1, 10**400, float("nan"), float("inf"), "1", None, [1]])
def test_a_time_that_no_calendar_has_is_none_told(odd: object) -> None:
    assert seconds(odd) is None
    assert message_of({"id": "msg_1", "time": {"created": odd, "completed": odd}}).completed is None


def test_a_time_is_told_in_seconds() -> None:
    assert seconds(1_700_000_000_500) == 1_700_000_000.5

# SPDX-License-Identifier: MIT
"""Errors of pages are logged, so many, and no more."""

import pytest

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.observe.page_errors import ALL, EACH, MESSAGE, STACK, PageError, PageErrors


def test_an_error_is_one_entry_of_the_page(caplog: pytest.LogCaptureFixture) -> None:
    error = PageError("no\nsuch thing" + "x" * 2000, "/chat/a", "wire.js:3:4", "at f\nat g" + "y" * 9000, "Firefox")
    assert PageErrors(ManualClock()).add("login", error)
    (record,) = caplog.records
    assert record.name == "opencode_nexus.page"
    first, agent, *stack = record.getMessage().split("\n")
    assert first.startswith("no such thingxxx")
    assert first.endswith("(at wire.js:3:4, on /chat/a)")
    assert len(first) < MESSAGE + 100
    assert (agent, stack[0], len("\n".join(stack))) == ("Firefox", "at f", STACK)


def test_so_many_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    pages = PageErrors(clock)
    assert sum(pages.add("one", PageError("e")) for _ in range(EACH + 5)) == EACH
    assert sum(pages.add(f"login {n}", PageError("e")) for n in range(ALL)) == ALL - EACH
    clock.advance(59)
    assert not pages.add("one", PageError("e"))
    clock.advance(1)
    caplog.clear()
    assert pages.add("one", PageError("e"))
    assert caplog.messages[0] == f"{EACH + 1} more errors of pages were not written down"

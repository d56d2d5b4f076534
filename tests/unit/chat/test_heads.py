# SPDX-License-Identifier: MIT
"""Who is whose sub-agent."""

import pytest

from opencode_nexus.chat import heads
from opencode_nexus.chat.heads import Heads


def test_a_chain_ends_at_the_root_or_where_knowledge_ends() -> None:
    known = Heads()
    assert (known.chain("c"), known.unknown("c")) == (["c"], "c")
    known.learn({"id": "c", "parentID": "b"})
    assert (known.chain("c"), known.unknown("c")) == (["c", "b"], "b")
    known.learn({"id": "b", "parentID": "a"})
    before, after = known.learn({"id": "a", "title": "Root", "time": {"created": 5000}})
    assert (before, after.title, after.created) == (None, "Root", 5.0)
    assert (known.chain("c"), known.unknown("c")) == (["c", "b", "a"], None)
    before, _ = known.learn({"id": "a", "title": "Other"})
    assert before == after
    known.forget("a")
    assert known.unknown("c") == "a"


def test_a_loop_of_parents_ends() -> None:
    known = Heads()
    known.learn({"id": "a", "parentID": "b"})
    known.learn({"id": "b", "parentID": "a"})
    assert len(known.chain("a")) == heads.DEPTH
    assert known.unknown("a") is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "KEPT", 2)
    known = Heads()
    for name in ("a", "b", "a", "c"):
        known.learn({"id": name})
    assert [name for name in "abc" if known.get(name)] == ["a", "c"]

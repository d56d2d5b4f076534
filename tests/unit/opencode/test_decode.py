# SPDX-License-Identifier: MIT
"""Bodies of events become typed events; what is unknown or odd survives."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.opencode import events as ev
from opencode_nexus.opencode.decode import decode
from opencode_nexus.opencode.errors import NotAnEvent
from opencode_nexus.opencode.lenient import repaired
from tests.fakes.fake_opencode import CONNECTED, HEARTBEAT, event


def test_the_kinds_that_matter() -> None:
    delta = event("message.part.delta", sessionID="s", messageID="m", partID="p", field="text", delta="hi")
    assert decode(delta) == (
        "/project",
        ev.PartDelta(session_id="s", message_id="m", part_id="p", field="text", delta="hi"),
    )
    assert decode(CONNECTED) == ("", ev.Connected())
    assert decode(HEARTBEAT) == ("", ev.Heartbeat())
    replied = decode(event("question.rejected", sessionID="s", requestID="que_1"))
    assert replied == ("/project", ev.QuestionClosed(session_id="s", request_id="que_1"))
    assert decode(event("session.error", error=None)) == ("/project", ev.SessionError(error=None))


def test_sync_copies_are_passed_over_but_not_what_only_looks_like_one() -> None:
    assert decode(b'{"directory":"/p","project":"x","payload":{"type":"sync","syncEvent":{"id":1}}}') is None
    assert decode(b'{"payload":{"id":"evt","type":"sync"}}') is None
    inside = event("session.error", sessionID="s", error={"payload": {"type": "sync"}})
    found = decode(inside.replace(b": ", b":"))
    assert found is not None
    assert isinstance(found[1], ev.SessionError)


def test_the_unknown_survives() -> None:
    found = decode(event("brand.new", sessionID="ses_1", anything=[1, {"a": 2}]))
    assert found is not None
    unknown = found[1]
    assert isinstance(unknown, ev.Unknown)
    assert (unknown.kind, unknown.session_id) == ("brand.new", "ses_1")
    assert json.loads(bytes(unknown.properties)) == {"sessionID": "ses_1", "anything": [1, {"a": 2}]}


@pytest.mark.parametrize("properties", [{"info": 3}, {"sessionID": 5}, {}])
def test_a_known_event_of_another_shape_is_unknown(properties: dict[str, Any]) -> None:
    found = decode(event("message.updated", **properties))
    assert found is not None
    assert isinstance(found[1], ev.Unknown)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"payload":{}}', b'{"payload":3}', b"null", b"\xff"])
def test_what_is_no_event(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        decode(body)


def test_half_a_character_does_not_cost_the_event() -> None:
    body = event("message.part.delta", sessionID="s", messageID="m", partID="p", field="text", delta="@")
    for half in (rb"\ud83d", rb"\ude00", b"\xff"):
        found = decode(body.replace(b"@", half))
        assert found is not None
        assert isinstance(found[1], ev.PartDelta)
        assert found[1].delta == "\ufffd"


@given(st.text(st.characters(codec=None), max_size=30))
def test_repair_changes_half_characters_only(text: str) -> None:
    written = json.dumps(text).encode()
    whole = json.loads(repaired(written))
    meant = json.loads(written)  # where two halves have met
    assert whole == "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in meant)

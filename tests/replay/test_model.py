# SPDX-License-Identifier: MIT
"""The model of OpenCode that the cuts are made with answers what the real one answered, at every look there was."""

from typing import Any

import pytest

from tests.replay.model import ModelServer
from tests.replay.take import Fresh, Take, names

JSON = dict[str, Any]


@pytest.mark.parametrize("name", names())
def test_the_model_answers_as_opencode_did(name: str) -> None:
    take = Take.load(name)
    model, bodies = ModelServer(), iter([*take.bodies(), (take.size + 1, b"")])
    at, body = next(bodies)
    for look in take.fresh:
        while at <= look.at:
            model.tell(body)
            at, body = next(bodies)
        assert told(model, look) == asked(look), f"at byte {look.at}"


def told(model: ModelServer, look: Fresh) -> JSON:
    """What the model says, of what was looked at."""
    return {
        "sessions": {
            session_id: {
                "messages": model.all_messages(session_id),
                "info": without_sums(model.sessions.get(session_id, {})),
                "todos": model.todo.get(session_id, []),
            }
            for session_id in look.sessions
        },
        "permissions": list(model.asked["permission"].values()),
        "questions": list(model.asked["question"].values()),
        "statuses": model.busy,
    }


def asked(look: Fresh) -> JSON:
    """What the real one said."""
    return {
        "sessions": {
            session_id: {**session, "info": without_sums(session["info"])}
            for session_id, session in look.sessions.items()
        },
        "permissions": look.permissions,
        "questions": look.questions,
        "statuses": look.statuses,
    }


def without_sums(info: JSON) -> JSON:
    """OpenCode 1.18.33 does not tell what a fork or a removed message does to a session's cost and tokens."""
    return {name: value for name, value in info.items() if name not in ("cost", "tokens")}

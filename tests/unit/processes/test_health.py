# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.processes.health import SILENT_AFTER, Start, running, starting


@pytest.mark.parametrize(
    ("alive", "answers", "waited", "verdict"),
    [
        (True, True, 0.0, "ready"),
        (True, True, 99.0, "ready"),
        (True, False, 9.9, "wait"),
        (True, False, 10.0, "late"),
        (False, False, 0.0, "ended"),
        (False, True, 0.0, "ended"),  # another program answers on its port
    ],
)
def test_a_start_is_judged(alive: bool, answers: bool, waited: float, verdict: Start) -> None:
    assert starting(alive=alive, answers=answers, waited=waited, limit=10.0) == verdict


def test_silence_is_told_after_a_while() -> None:
    assert running(now=100.0, answered=100.0) == "fine"
    assert running(now=100.0 + SILENT_AFTER - 0.1, answered=100.0) == "fine"
    assert running(now=100.0 + SILENT_AFTER, answered=100.0) == "silent"

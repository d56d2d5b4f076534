# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.processes.health import Silence, Start, starting


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


def test_silence_adds_up_until_there_is_a_sign_of_life() -> None:
    silence = Silence(most=10.0)
    found = [silence.look(now, lives=lives) for now, lives in ((5, True), (14, False), (20, False), (26, True))]
    assert found == [0.0, 9.0, 15.0, 0.0]


def test_what_we_slept_through_is_no_sign_of_its_death() -> None:
    silence = Silence(most=10.0)
    silence.look(5.0, lives=True)
    assert silence.look(3600.0, lives=False) == 10.0


def test_silence_may_begin_before_the_first_look() -> None:
    silence = Silence(most=10.0, seconds=30.0)
    assert silence.look(7.0, lives=False) == 30.0

# SPDX-License-Identifier: MIT
"""OpenCode's patterns: the same answers as its own expression gives (1.18.33), and never wider ones."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.opencode.patterns import matches, words

CASES = [
    ("touch *", "touch x", True),
    ("touch *", "touch", True),  # its special case: " *" at the end may be missing
    ("touch *", "touched x", False),
    ("touch *", "atouch x", False),
    ("*", "", True),
    ("*", "a\nb", True),
    ("ls", "ls -l", False),
    ("git * --hard", "git reset --hard", True),
    ("src/?.py", "src/a.py", True),
    ("src/?.py", "src/ab.py", False),
    ("a?", "a😀", False),  # two letters as JavaScript counts
    ("a??", "a😀", True),
    ("/etc/*", "/etc/passwd", True),
    ("/etc/*", "/etc", False),
    ("C:\\x\\*", "C:/x/y", True),
    ("a.b", "axb", False),
    ("rm (x)+[y]{1}^$|", "rm (x)+[y]{1}^$|", True),
    ("touch x", "touch x\n", False),
    ("TOUCH *", "touch x", False),
]


@pytest.mark.parametrize(("pattern", "text", "fits"), CASES)
def test_known_answers(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def as_opencode(pattern: str, text: str) -> bool:
    """Its own steps, one by one, as they stand in its program."""
    subject = text.replace("\\", "/")
    made = re.sub(r"[.+^${}()|[\]\\]", r"\\\g<0>", pattern.replace("\\", "/"))
    made = made.replace("*", ".*").replace("?", ".")
    if made.endswith(" .*"):
        made = made[:-3] + "( .*)?"
    return re.search("^" + made + r"\Z", subject, re.DOTALL) is not None


_SMALL = st.text(alphabet="ab *?./\\+()[]{}^$|\n-", max_size=8)


@given(_SMALL, _SMALL)
def test_the_same_as_its_own_steps(pattern: str, text: str) -> None:
    assert matches(pattern, text) == as_opencode(pattern, text)


def test_many_stars_are_no_work_without_end() -> None:
    assert not matches("a*" * 30 + "b", "a" * 5000 + "c")  # the plain regex took 16 s for 8 stars and 60 letters
    assert matches("a*" * 30 + "b", "a" * 5000 + "b")
    assert matches("a*b *", "ab b") and matches("a*b *", "ab c b") and not matches("a*b *", "ac bc")


def test_what_a_rule_allows_in_words() -> None:
    assert words("bash", ("touch *",)) == "run commands that match touch *"
    assert words("edit", ("*",)) == "change every file"
    assert words("external_directory", ("/etc/*",)) == "use what lies outside the project at /etc/*"
    assert words("weather_get", ("*",)) == "use weather_get for anything"

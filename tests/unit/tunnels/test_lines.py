# SPDX-License-Identifier: MIT
"""Lines of the log are shown without secrets."""

import pytest

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.lines import shown

TOKEN = "eyJhIjoiNGY0ZjRmNGY0ZjRmNGY0ZjRmNGY0ZjRmIiwidCI6ImIwYTFmNGE0In0="


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nothing of interest", "nothing of interest"),
        (f"run --token {TOKEN}", "run --token •••"),
        ("my own-secret-value here", "my ••• here"),
        ('"headers":{"Cookie":["nexus=abc; x=1"],"Host":["a"]}', '"headers":{"Cookie":•••,"Host":["a"]}'),
        ("Authorization: Bearer abcdef", "Authorization: •••"),
        ('"Cf-Access-Jwt-Assertion":["abc"]', '"Cf-Access-Jwt-Assertion":•••'),
    ],
)
def test_a_line(line: str, expected: str) -> None:
    assert shown([line], [Secret("own-secret-value")]) == [expected]

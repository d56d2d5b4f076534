# SPDX-License-Identifier: MIT
"""The two nets: what was a Secret is known everywhere, and what looks like one is not written either."""

from urllib.parse import quote

import pytest

from opencode_nexus.secrets import redact as module
from opencode_nexus.secrets.redact import DOTS, Secret, redact, without_known


def test_a_text_is_cleaned_of_every_secret_that_there_was() -> None:
    value = "Once & a /secret/ of mine"
    assert redact(f"it is {value}.") == f"it is {value}."
    Secret(value)  # nobody keeps it, and it is known all the same
    assert redact(f"it is {value}.") == f"it is {DOTS}."
    assert without_known(f"GET /x?of={quote(value, safe='')}&y") == f"GET /x?of={DOTS}&y"


def test_the_net_holds_the_newest() -> None:
    first = "the-very-first-secret-of-many"
    Secret(first)
    for number in range(module.KNOWN):
        Secret(f"and-one-more-of-them-{number:04}")
    assert len(module._known) == module.KNOWN
    assert first in redact(first)
    assert redact(f"and-one-more-of-them-{module.KNOWN - 1:04}") == DOTS


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "headers=[(b'Authorization', b'Basic xxxyyyzz=='), (b'cookie', b'a=b; c=d'), (b'accept', b'*/*')]",
            f"headers=[(b'Authorization', b'{DOTS}'), (b'cookie', b'{DOTS}'), (b'accept', b'*/*')]",
        ),
        ('{"authorization": "Bearer abc.def", "x":1}', f'{{"authorization": "{DOTS}", "x":1}}'),
        ("Set-Cookie: nexus=abcdef; HttpOnly", f"Set-Cookie: {DOTS}"),
        ('"Cf-Access-Jwt-Assertion":["abc"]', f'"Cf-Access-Jwt-Assertion":{DOTS}'),
        ("X-Api-Key: abcdef", f"X-Api-Key: {DOTS}"),
        ("{'password': 'two words', 'n': 2}", f"{{'password': '{DOTS}', 'n': 2}}"),
        ("run --token=abcdef --n 2", f"run --token={DOTS} --n 2"),
        ("https://ada:lovelace@example.com/x", f"https://{DOTS}@example.com/x"),
        ("http://127.0.0.1:4600/setup?link=abcdef", f"http://127.0.0.1:4600/setup?link={DOTS}"),
        ("nxt_abcdefghijklmnopqrstuvwxyz", DOTS),
        ("ghp_abcdefghijklmnopqrstuvwxyz", DOTS),
        ("a-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----b", f"a{DOTS}b"),
        ("x eyJhIjoiNGY0ZjRmNGY0ZjRmNGY0ZjRmNGY0ZjRmIiwidCI6ImIwYTFmNGE0In0=", f"x {DOTS}"),
        # and what only sounds like one stays
        ("the token is wrong: try again", "the token is wrong: try again"),
        ("max_tokens=4096, 3 cookies: none", "max_tokens=4096, 3 cookies: none"),
        ("mail to ada@example.com about http://h/p", "mail to ada@example.com about http://h/p"),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, clean: str) -> None:
    assert redact(text) == clean

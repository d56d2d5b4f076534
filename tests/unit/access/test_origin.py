# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.hosts import HostList
from opencode_nexus.access.origin import from_elsewhere, is_write

HOSTS = HostList("127.0.0.1", ["public.example"])
HERE = "localhost:4600"


@pytest.mark.parametrize(
    ("method", "websocket", "write"),
    [
        ("GET", False, False),
        ("HEAD", False, False),
        ("OPTIONS", False, False),
        ("POST", False, True),
        ("DELETE", False, True),
        ("get", False, True),  # methods are case sensitive; an odd one is checked
        ("GET", True, True),
    ],
)
def test_what_is_a_write(method: str, websocket: bool, write: bool) -> None:
    assert is_write(method, websocket) is write


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (None, None),  # a program
        ("http://localhost:4600", "same-origin"),
        ("http://LOCALHOST:4600", None),
        (None, "same-origin"),
        (None, "none"),  # typed by the person
        ("https://public.example", "same-origin"),  # a proxy changed Host
        ("http://127.0.0.1:4600", "same-origin"),
    ],
)
def test_our_own_writes(origin: str | None, site: str | None) -> None:
    assert not from_elsewhere(HERE, origin, site, HOSTS)


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", "cross-site"),
        ("http://evil.example", None),
        ("http://evil.example", "same-origin"),
        ("http://evil.example", "none"),
        ("http://localhost:4600", "cross-site"),
        ("http://localhost:3000", "same-site"),  # another server on this machine
        ("http://localhost:3000", None),
        ("https://public.example", None),
        (None, "cross-site"),
        (None, "same-site"),
        (None, ""),
        ("null", None),
        ("null", "same-origin"),
        ("", None),
        ("file://", None),
        ("http://", None),
        ("http://[", None),
        ("localhost:4600", None),
    ],
)
def test_writes_from_elsewhere(origin: str | None, site: str | None) -> None:
    assert from_elsewhere(HERE, origin, site, HOSTS)


def test_the_schemes_own_port_may_be_left_out() -> None:
    assert not from_elsewhere("public.example:443", "https://public.example", None, HOSTS)
    assert not from_elsewhere("public.example", "http://public.example:80", None, HOSTS)
    assert from_elsewhere("public.example:443", "http://public.example", None, HOSTS)

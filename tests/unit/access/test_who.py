# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.public import NOT_REMOTE, OPEN, is_not_remote, is_public
from opencode_nexus.access.who import SCOPES, Who


@pytest.mark.parametrize(
    ("scopes", "method", "path", "may"),
    [
        ("all", "POST", "/api/v1/servers", True),
        ("all", "WEBSOCKET", "/live/ws", True),
        ("read", "GET", "/api/v1/servers", True),
        ("read", "HEAD", "/api/v1/servers", True),
        ("read", "POST", "/api/v1/events", True),
        ("read", "POST", "/api/v1/servers", False),
        ("read", "DELETE", "/api/v1/events", True),  # there is no such route; the table stays simple
        ("read", "GET", "/settings", False),
        ("read", "WEBSOCKET", "/live/ws", False),
        ("metrics", "GET", "/metrics", True),
        ("metrics", "POST", "/metrics", False),
        ("metrics", "GET", "/api/v1/servers", False),
        ("read", "GET", "/metrics", False),
        ("gone", "GET", "/api/v1/servers", False),  # a scope of another version
        ("gone read", "GET", "/api/v1/servers", True),
        ("", "GET", "/api/v1/servers", False),
    ],
)
def test_what_scopes_cover(scopes: str, method: str, path: str, may: bool) -> None:
    assert Who("x", "token", frozenset(scopes.split())).may(method, path) is may


def test_a_person_may_do_everything() -> None:
    assert Who("ada", "session").may("DELETE", "/api/v1/servers/srv_1")


def test_every_scope_lets_something_in_and_only_one_lets_all_in() -> None:
    wide = [scope for scope in SCOPES if Who("x", "token", frozenset({scope})).may("PATCH", "/api/v1/x")]
    assert wide == ["all"]
    for scope in SCOPES:
        assert any(Who("x", "token", frozenset({scope})).may("GET", path) for path in ("/api/v1/servers", "/metrics"))


@pytest.mark.parametrize("path", ["/healthz", "/login", "/setup", "/setup/4", "/static/abc/nexus.css"])
def test_what_is_open(path: str) -> None:
    assert is_public(path)


@pytest.mark.parametrize(
    "path",
    ["/", "", "/login/", "/loginx", "/setupx", "/static", "//login", "/LOGIN", "/x/static/", "/healthz/x", "/live"],
)
def test_what_is_not(path: str) -> None:
    assert not is_public(path)


def test_the_table_is_as_small_as_the_contract() -> None:
    assert set(OPEN) == {
        "/healthz", "/login", "/manifest.webmanifest", "/pair", "/pair/name", "/selftest/", "/setup", "/setup/",
        "/static/", "/sw.js",
    }  # fmt: skip
    assert all(OPEN.values())
    assert all(NOT_REMOTE.values())


def test_no_tunnel_carries_the_set_up() -> None:
    for path in ("/setup", "/setup/", "/setup/owner"):
        assert is_not_remote(path)
    for path in ("/", "/login", "/pair", "/setupx", "/api/v1/setup"):  # the last asks for the local key
        assert not is_not_remote(path)

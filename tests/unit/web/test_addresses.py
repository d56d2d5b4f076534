# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.web.addresses import inner_path, login_address, own_path


@pytest.mark.parametrize(
    ("path", "base", "inner"),
    [
        ("/x", "", "/x"),
        ("/nexus/x", "/nexus", "/x"),
        ("/nexus", "/nexus", "/"),
        ("/nexusx", "/nexus", "/nexusx"),
        ("/x", "/nexus", "/x"),  # a proxy that takes the base path away
        ("", "", "/"),
    ],
)
def test_the_path_below_the_base(path: str, base: str, inner: str) -> None:
    assert inner_path({"path": path, "root_path": base}) == inner


@pytest.mark.parametrize("value", ["/", "/chat/a/b", "/x?y=1&z=http://evil.example/", "/a:b", "/é"])
def test_own_paths(value: str) -> None:
    assert own_path(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "http://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\nSet-Cookie: x",
        "javascript:alert(1)",
        " /x",
        "/\u200b",
    ],
)
def test_everything_else_leads_home(value: str) -> None:
    assert own_path(value) == "/"
    assert own_path(value, "/settings") == "/settings"


@pytest.mark.parametrize(
    ("method", "path", "query", "address"),
    [
        ("GET", "/n/chat/a", b"x=1", "/n/login?next=/chat/a%3Fx%3D1"),
        ("GET", "/n/", b"", "/n/login"),
        ("POST", "/n/chat/a", b"", "/n/login"),
    ],
)
def test_the_login_leads_back(method: str, path: str, query: bytes, address: str) -> None:
    scope = {"path": path, "root_path": "/n", "method": method, "query_string": query}
    assert login_address(scope) == address

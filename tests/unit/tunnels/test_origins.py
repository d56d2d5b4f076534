# SPDX-License-Identifier: MIT
"""Where a tunnel hands requests to."""

from pathlib import Path

import pytest

from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.origins import Route, all_of, astray, leads_here, service
from tests.fakes.manager import Place

SOCKET, PORT = "unix:/home/nexus/s", "http://127.0.0.1:4700"
BOTH = Place(Path("/home/nexus/s"), 4700)


def test_the_socket_only_where_websockets_pass_and_the_configuration_is_ours() -> None:
    for protocol in ("auto", "quic"):
        assert service(BOTH, TunnelConfig("a", "quick", protocol=protocol)) == SOCKET
        assert service(BOTH, TunnelConfig("a", "config", protocol=protocol)) == SOCKET
    assert service(BOTH, TunnelConfig("a", "quick", protocol="http2")) == PORT
    assert service(BOTH, TunnelConfig("a", "token", protocol="quic")) == PORT
    assert service(Place(None, 4700), TunnelConfig("a", "quick", protocol="quic")) == PORT
    assert all_of(BOTH) == {SOCKET, PORT}
    assert all_of(Place(None, 4700)) == {PORT}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (PORT, True), ("http://localhost:4700", True), ("http://[::1]:4700/", True), ("https://localhost:4700", False),
        ("http://localhost:4701", False), ("http://localhost", False), ("http://192.0.2.1:4700", False),
        ("http_status:404", False), ("unix:/home/nexus/s", False), ("http://localhost:port", False), ("", False),
    ],
)  # fmt: skip
def test_whether_an_address_leads_here(address: str, expected: bool) -> None:
    assert leads_here(address, 4700) is expected


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([], None), ([PORT], None), (["http://localhost:3000"], 0), (["http://127.0.0.2:3000"], 0),
        (["https://[::1]"], 0), (["tcp://0.0.0.0:22"], 0), (["ssh://git.localhost:22"], 0),
        (["http://192.0.2.1:80"], None), (["http://example.com"], None), (["unix:/home/nexus/s"], None),
        (["http_status:404"], None), (["hello_world"], None), (["http://localhost:port"], None),
        ([PORT, "http://localhost:3000"], None), (["http://localhost:3000", PORT], None),
        ([PORT, "http://localhost:4600"], 1), (["http://localhost:3000", "http://localhost:4600"], 1),
        (["https://localhost:4700"], None),
    ],
)  # fmt: skip
def test_which_rule_hands_visitors_to_another_program(services: list[str], expected: int | None) -> None:
    routes = [Route(f"{number}.example.com", service) for number, service in enumerate(services)]
    found = astray(routes, 4700, {4600})
    assert found == (None if expected is None else routes[expected])


def test_the_main_door_is_no_other_program() -> None:
    route = Route("a.example.com", "http://localhost:4600")
    assert (astray([route], 4700, set(), 4600), astray([route], 4700, set(), 4601)) == (None, route)

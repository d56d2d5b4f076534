# SPDX-License-Identifier: MIT
"""Where a tunnel hands requests to."""

from pathlib import Path

import pytest

from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.origins import all_of, leads_here, service
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

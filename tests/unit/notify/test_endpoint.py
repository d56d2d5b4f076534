# SPDX-License-Identifier: MIT
"""Where messages may go: to the internet, and nowhere on this machine or its network."""

import asyncio
import socket
from typing import Any

import pytest

from opencode_nexus.notify.endpoint import check, check_shape
from opencode_nexus.notify.errors import DeviceUnusable

pytestmark = pytest.mark.anyio

GOOD = "https://push.example.com/wpush/v2/gAAAA-_x"


def test_a_push_service_is_taken() -> None:
    assert check_shape(GOOD) == "push.example.com"
    assert check_shape("https://push.example.com:443/x") == "push.example.com"


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://push.example.com/x",
        "file:///etc/passwd",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://2130706433/x",
        "https://10.0.0.1/x",
        "https://0x7f.1/x",
        "https://push.example.com:4600/x",
        "https://user@push.example.com/x",
        "https://push.example.com:x/x",
        "https://push.example.com/\nx",
        "https://push.example.com/ü",
        GOOD + "x" * 2000,
    ],
)
def test_what_is_no_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(DeviceUnusable):
        check_shape(endpoint)


@pytest.mark.parametrize(
    ("addresses", "fits"),
    [
        (["93.184.216.34"], True),
        (["2606:2800:220:1:248:1893:25c8:1946"], True),
        (["127.0.0.1"], False),
        (["192.168.1.4"], False),
        (["169.254.169.254"], False),
        (["fe80::1%eth0"], False),
        (["::ffff:127.0.0.1"], False),
        (["93.184.216.34", "10.1.2.3"], False),
    ],
)
async def test_a_name_that_leads_inside_is_refused(
    addresses: list[str], fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
    if fits:
        await check(GOOD)
    else:
        with pytest.raises(DeviceUnusable):
            await check(GOOD)

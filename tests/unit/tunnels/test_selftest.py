# SPDX-License-Identifier: MIT
"""The self test over real connections, behind a door that can hold back, lose and leak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.tunnels.selftest import SOCKET, SPREAD, WAYS_IN
from opencode_nexus.tunnels.selftest import Tester as Visits  # pytest takes a name with Test for a test
from opencode_nexus.tunnels.status import SelfTest
from tests.edge.authority import Authority
from tests.fakes.selftest_door import Door, served

pytestmark = pytest.mark.anyio

NAME = "quiet-river.example.com"


async def found_behind(patience: float = 0.0, base: str = "", **door: Any) -> tuple[SelfTest, Door]:
    """What a self test finds behind such a door."""
    tester = Visits(front="", base_path=base, clock=ManualClock(1000.0))
    standing = Door(tester, base, **door)
    async with served(standing.app()) as port:
        return await tester.run(f"http://127.0.0.1:{port}", patience), standing


def outcomes(found: SelfTest) -> dict[str, str]:
    return {trial.name: trial.outcome for trial in found.trials}


EVERY = dict.fromkeys(("nonce", "post-stream", "websocket", "get-stream", "no-login"), "works")


@pytest.mark.parametrize("base", ["", "/nexus"])
async def test_everything_passes(base: str) -> None:
    found, door = await found_behind(base=base)
    assert (found.verdict, found.transport, found.at) == ("passed", "post", 1000.0)
    assert outcomes(found) == EVERY
    times = {trial.name: trial for trial in found.trials}
    assert all(trial.ms is not None and trial.ms > 0 for name, trial in times.items() if name != "no-login")
    for name in ("post-stream", "get-stream"):
        spread = times[name].spread_ms
        assert spread is not None and spread >= SPREAD * 1000
    assert found.round_trip_ms
    for method, path in WAYS_IN:
        assert f"{method} {base}{path}" in door.asked
    assert f"WEBSOCKET {base}{SOCKET}" in door.asked
    assert all(asked.split()[1].startswith(base) for asked in door.asked)


async def test_a_quick_tunnel_holds_back_gets() -> None:
    found, _ = await found_behind(held=frozenset({"GET"}))
    assert (found.verdict, found.transport) == ("partly", "post")
    assert outcomes(found) == {**EVERY, "get-stream": "held back"}
    assert "quick tunnels" in found.detail


async def test_posts_held_back_too_leave_the_websocket() -> None:
    found, _ = await found_behind(held=frozenset({"GET", "POST"}))
    assert (found.verdict, found.transport) == ("partly", "ws")
    assert outcomes(found)["post-stream"] == "held back"


async def test_no_websocket_either_leaves_asking_again() -> None:
    found, _ = await found_behind(held=frozenset({"GET", "POST"}), answers={"/ws": 403})
    assert (found.verdict, found.transport) == ("partly", "poll")
    assert outcomes(found)["websocket"] == "fails"


async def test_where_no_websocket_passes_none_is_a_way_in() -> None:
    """cloudflared answers every WebSocket over http2 to a Unix socket with 502 (its issue 560)."""
    found, _ = await found_behind(answers={"/ws": 502})
    assert (found.verdict, found.transport) == ("partly", "post")
    assert outcomes(found) == {**EVERY, "websocket": "fails"}
    assert "WebSockets do not pass" in found.detail


@pytest.mark.parametrize("path", sorted({path for _, path in WAYS_IN} - {"/"}))
async def test_one_address_that_is_open_is_enough(path: str) -> None:
    found, door = await found_behind(answers={path: 200})
    assert found.verdict == "open"
    assert path in found.detail and "200" in found.detail
    assert found.transport == ""
    assert not [asked for asked in door.asked if asked.endswith("/stream")], "nothing more is tried"


async def test_a_websocket_that_is_open_is_enough() -> None:
    found, _ = await found_behind(socket="open")
    assert found.verdict == "open"
    assert SOCKET in found.detail


async def test_a_websocket_that_is_closed_for_want_of_a_login_is_closed() -> None:
    found, _ = await found_behind(socket="closed late")
    assert outcomes(found)["no-login"] == "works"


@pytest.mark.parametrize("broken", [{"answers": {"/settings": 502}}, {"answers": {"/live": 429}}, {"socket": "error"}])
async def test_what_could_not_be_asked_is_no_proof_of_anything(broken: dict[str, Any]) -> None:
    found, _ = await found_behind(**broken)
    assert found.verdict == "not verified"
    assert outcomes(found)["no-login"] == "not tried"


@pytest.mark.parametrize(
    ("status", "page", "words"),
    [
        (530, "error code: 1033", "no connection to the tunnel yet"),
        (502, "bad gateway", "could not reach the hub"),
        (429, "slow down", "lets nobody through"),
        (200, "<HTML>Enter the code that we sent you</HTML>", "asks visitors first"),
        (404, "nothing", "not as this hub does"),
        (200, '{"proof": "made up"}', "not as this hub does"),
        (200, "[1]", "not as this hub does"),
    ],
)
async def test_an_address_where_this_hub_does_not_answer_is_not_verified(status: int, page: str, words: str) -> None:
    tester = Visits(front="", base_path="", clock=ManualClock())

    async def stranger(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(page, status)(scope, receive, send)

    async with served(stranger) as port:
        found = await tester.run(f"http://127.0.0.1:{port}", 0.0)
    assert (found.verdict, outcomes(found)) == ("not verified", {"nonce": "fails"}), "a 200 of others is no open door"
    assert words in found.detail


async def test_nothing_at_the_address(free_port: int) -> None:
    found = await Visits(front="", base_path="", clock=ManualClock()).run(f"http://127.0.0.1:{free_port}", 0.0)
    assert found.verdict == "not verified"
    assert "cannot be connected to" in found.detail


async def test_a_name_that_is_not_known() -> None:
    found = await Visits(front="", base_path="", clock=ManualClock()).run("https://nowhere.invalid", 0.0)
    assert found.verdict == "not verified"
    assert "DNS" in found.detail


async def test_an_address_that_makes_no_sense() -> None:
    found = await Visits(front="", base_path="", clock=ManualClock()).run("https://[half", 0.0)
    assert found.verdict == "not verified"


async def test_a_fresh_address_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.tunnels.selftest.FIRST_PAUSE", 0.01)
    found, door = await found_behind(patience=20.0, fails=3)
    assert found.verdict == "passed"
    assert [asked.startswith("GET /selftest/") for asked in door.asked[:4]] == [True] * 4


# The front, and a certificate of one's own


async def test_the_front_is_connected_to_and_the_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    chain, key = authority.issue(NAME)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    clock = ManualClock()
    tester = Visits(front="", base_path="", clock=clock)
    door = Door(tester)
    async with served(door.app(), ssl_certfile=chain, ssl_keyfile=key) as port:
        tester._front = f"127.0.0.1:{port}"
        found = await tester.run(f"https://{NAME}", 0.0)
        assert (found.verdict, outcomes(found)) == ("passed", EVERY), found
        assert door.hosts == {NAME}
        wrong = await tester.run("https://another.example.com", 0.0)
        assert wrong.verdict == "not verified"
        assert "certificate" in wrong.detail
        monkeypatch.delenv("SSL_CERT_FILE")
        untrusted = await tester.run(f"https://{NAME}", 0.0)
        assert untrusted.verdict == "not verified"
        assert "certificate" in untrusted.detail


# The hub's side


@asynccontextmanager
async def visited(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=door.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as client:
        yield client


async def test_only_a_running_test_gets_answers_and_only_through_a_tunnel() -> None:
    tester = Visits(front="", base_path="", clock=ManualClock())
    tester._proofs["the-nonce"] = "the-proof"
    cases = ((True, "the-nonce", 200), (True, "the-nonc", 404), (True, "é", 404), (False, "the-nonce", 404))
    for remote, nonce, status in cases:
        async with visited(Door(tester, remote=remote)) as client:
            answers = [
                await client.get(f"/selftest/{nonce}"),
                await client.get(f"/selftest/{nonce}/stream"),
                await client.post(f"/selftest/{nonce}/stream"),
            ]
        assert [answer.status_code for answer in answers] == [status] * 3, (remote, nonce)
        assert ("the-proof" in answers[0].text) is (status == 200)


async def test_the_nonce_ends_with_the_test() -> None:
    found, door = await found_behind()
    assert found.verdict == "passed"
    nonce = door.asked[0].rpartition("/")[2]
    assert door.tester.proof(nonce) is None
    async with visited(door) as client:
        assert (await client.get(f"/selftest/{nonce}")).status_code == 404

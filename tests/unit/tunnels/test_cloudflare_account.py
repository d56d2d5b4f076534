# SPDX-License-Identifier: MIT
"""Cloudflare's API against a local double made from the documented calls."""

import asyncio
import json
import threading
from typing import Any

import pytest

from opencode_nexus.core.errors import NexusError
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.errors import BadTunnel
from opencode_nexus.tunnels.providers.cloudflare import errors
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.providers.cloudflare.permissions import PERMISSIONS
from tests.fakes import cloudflare_api as double
from tests.fakes.cloudflare_api import Fault, refusal
from tests.leaks import remember
from tests.unit.tunnels.cloud_world import HOST, SERVICE, World

pytestmark = pytest.mark.anyio

BROKEN = (502, "<html>bad gateway</html>")


# Verifying a token


async def test_a_good_token_has_all_permissions_and_shows_what_can_be_chosen(world: World) -> None:
    found = await world.ours.verify(world.token)
    assert [(one.name, one.state) for one in found.permissions] == [(one.name, "granted") for one in PERMISSIONS]
    assert [(one.id, one.name, one.tunnels) for one in found.accounts] == [(world.account, "Ada's account", "granted")]
    (zone,) = found.zones
    assert (zone.id, zone.name, zone.account, zone.status, zone.dns) == (
        world.zone, "example.com", world.account, "active", "granted",
    )  # fmt: skip
    assert (found.missing, found.expires) == ((), None)
    assert not [call for call in world.api.calls if call.startswith(("POST", "PUT", "DELETE"))], "it only looks"


@pytest.mark.parametrize(
    ("lacking", "states"),
    [
        ({double.TUNNEL_EDIT}, ["missing", "granted", "granted"]),
        ({double.TUNNEL_EDIT, double.TUNNEL_READ}, ["missing", "granted", "granted"]),
        ({double.DNS_EDIT}, ["granted", "missing", "granted"]),
        ({double.ZONE_READ}, ["granted", "not known", "missing"]),
        (double.ALL, ["not known", "not known", "missing"]),
    ],
)
async def test_what_is_missing_is_named(world: World, lacking: set[str], states: list[str]) -> None:
    token = Secret(world.api.token(grants=double.ALL - lacking))
    found = await world.ours.verify(token)
    assert [one.state for one in found.permissions] == states
    assert {one.name for one in found.missing} == {
        needed.name for needed, state in zip(PERMISSIONS, states, strict=True) if state == "missing"
    }


async def test_more_than_one_page_of_zones(world: World) -> None:
    for number in range(60):
        world.api.zone(f"{number}.example.net", world.account, status="pending")
    found = await world.ours.verify(world.token)
    assert len(found.zones) == 61
    assert found.zones[-1].status == "pending"


async def test_a_zone_whose_permissions_are_not_told_is_not_called_missing(world: World) -> None:
    world.api.tells_permissions = False
    found = await world.ours.verify(world.token)
    assert found.permissions[1].state == "not known"
    assert found.permissions[1].detail


async def test_an_answer_that_says_nothing_of_permissions_is_not_known(world: World) -> None:
    for said in (refusal(double.NO_ROUTE), BROKEN, refusal((400, 1099, "something else")), refusal(double.ELSEWHERE)):
        world.api.faults.append(Fault("PATCH", "/cfd_tunnel/", said))
        found = await world.ours.verify(world.token)
        assert found.permissions[0].state == "not known", said


async def test_a_token_that_an_account_owns(world: World) -> None:
    token = Secret(world.api.token(owner=world.account))
    found = await world.ours.verify(token)
    assert found.missing == ()
    told = [(one.id, one.name) for one in found.accounts]
    assert told == [(world.account, "Ada's account")], "from its zones, as the list is refused to it"


async def test_when_it_expires_is_told(world: World) -> None:
    token = Secret(world.api.token(expires="2027-01-01T00:00:00Z"))
    assert (await world.ours.verify(token)).expires == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["", "short", "with a space, long enough", "line\nbreak-in-a-long-token", "ä" * 40])
async def test_what_has_no_tokens_form_is_not_even_sent(world: World, text: str) -> None:
    with pytest.raises(errors.ApiTokenInvalid):
        await world.ours.verify(Secret(text))
    assert world.api.calls == []


async def test_an_unknown_token(world: World) -> None:
    with pytest.raises(errors.ApiTokenInvalid, match="Invalid API Token"):
        await world.ours.verify(Secret(remember("nobodys-api-token-at-cloudflare-00000001")))


async def test_a_global_api_key_is_no_token(world: World) -> None:
    with pytest.raises(errors.ApiTokenInvalid, match="Invalid request headers") as raised:
        await world.ours.verify(Secret(remember("0123456789abcdef0123456789abcdef01234")))
    assert "Global API Key" in raised.value.hint


@pytest.mark.parametrize("status", ["disabled", "expired"])
async def test_a_token_that_is_not_active(world: World, status: str) -> None:
    with pytest.raises(errors.ApiTokenInactive, match=status):
        await world.ours.verify(Secret(world.api.token(status=status)))


# Each documented refusal, by one call


REFUSALS: list[tuple[tuple[int, Any], type[NexusError]]] = [
    (refusal(double.ELSEWHERE), errors.ApiTokenElsewhere),
    (refusal((403, 9109, "Invalid access token")), errors.ApiTokenInvalid),
    (refusal((403, 9109, "Unauthorized to access requested resource")), errors.ApiPermissionMissing),
    (refusal((401, 10000, "Authentication error")), errors.ApiPermissionMissing),
    (refusal((403, 0, 'Requires permission "com.cloudflare.api.account.zone.list"')), errors.ApiPermissionMissing),
    (refusal((401, 1000, "Invalid API Token")), errors.ApiTokenInvalid),
    (refusal((404, 1002, "tunnel not found")), errors.NotAtCloudflare),
    (refusal((400, 1056, "Bad Configuration")), errors.CloudflareError),
    ((429, "error code: 1015"), errors.CloudflareBusy),
    (refusal((500, 10001, "Internal error")), errors.CloudflareDown),
    (BROKEN, errors.CloudflareDown),
    ((200, "<html>Sign in to the hotel's network</html>"), errors.CloudflareUnreadable),
    ((200, {"success": False, "errors": [], "result": None}), errors.CloudflareUnreadable),
    ((403, "<html>blocked</html>"), errors.CloudflareUnreadable),
]


@pytest.mark.parametrize(("said", "kind"), REFUSALS)
async def test_each_refusal_is_an_error_of_its_own(world: World, said: tuple[int, Any], kind: type[NexusError]) -> None:
    made = await world.create()
    world.api.faults.append(Fault("PUT", "/configurations", said))
    with pytest.raises(kind) as raised:
        await world.ours.point(world.token, made, "http://127.0.0.1:4612")
    assert type(raised.value) is kind
    assert raised.value.hint and raised.value.detail
    assert world.token.reveal() not in json.dumps(raised.value.problem())


async def test_nested_causes_are_read_and_a_token_in_the_words_is_hidden(world: World) -> None:
    chain = [{"code": 6111, "message": f"Invalid format for Authorization header: Bearer {world.token.reveal()}"}]
    said = {"success": False, "errors": [{"code": 1, "message": "No", "error_chain": chain}], "result": None}
    world.api.faults.append(Fault("GET", "/zones", (400, said)))
    with pytest.raises(errors.ApiTokenInvalid, match="6111") as raised:
        await world.ours.verify(world.token)
    assert world.token.reveal() not in str(raised.value)


async def test_how_long_to_wait_is_told(world: World) -> None:
    slow = Fault("GET", "/zones", (429, "error code: 1015"), headers={"Retry-After": "42"})
    world.api.faults.append(slow)
    with pytest.raises(errors.CloudflareBusy) as raised:
        await world.ours.verify(world.token)
    assert raised.value.data["retry_after"] == 42


async def test_the_missing_permission_is_named_by_the_error(world: World) -> None:
    world.token = Secret(world.api.token(grants=double.ALL - {double.DNS_EDIT}))
    with pytest.raises(errors.ApiPermissionMissing) as raised:
        await world.create()
    assert raised.value.data["permission"] == "Zone · DNS · Edit"
    assert world.nothing_is_left()


async def test_no_network(world: World, free_port: int) -> None:
    with pytest.raises(errors.CloudflareUnreachable):
        await Account(f"http://127.0.0.1:{free_port}/client/v4").verify(world.token)


# Making


async def test_a_tunnel_is_made_step_by_step(world: World) -> None:
    made = await world.create()
    (tunnel,) = world.api.living
    (record,) = world.api.records.values()
    assert (tunnel["name"], made.tunnel_id, made.account) == ("nexus", tunnel["id"], world.account)
    assert made.token == Secret(tunnel["token"])
    assert world.api.ingress[tunnel["id"]] == [
        {"hostname": HOST, "service": SERVICE}, {"service": "http_status:404"},
    ]  # fmt: skip
    assert (record["id"], record["type"], record["name"]) == (made.record, "CNAME", HOST)
    assert record["content"] == f"{tunnel['id']}.cfargotunnel.com"
    names = ["check", "tunnel", "ingress", "dns", "token"]
    assert world.told == [(name, state) for name in names for state in ("running", "done")]
    ids = [(bool(made.tunnel_id), bool(made.record)) for made in world.kept]
    assert ids == sorted(ids), "what exists is told as soon as it does"
    assert (ids[2], ids[3], ids[-1]) == ((False, False), (True, False), (True, True))


async def test_the_zone_is_found_by_the_name(world: World) -> None:
    deeper = world.api.zone("code.example.com", world.account)
    world.api.zone("ample.com", world.account)
    made = await world.create(zone="")
    assert (made.zone, made.account) == (deeper, world.account)


async def test_the_token_is_fetched_when_the_answer_does_not_hold_it(world: World) -> None:
    made = await world.create()
    assert (await world.ours.tunnel_token(world.token, made)) == made.token
    await world.ours.delete(world.token, made)
    without = {"success": True, "result": {"id": world.api.tunnel(world.account, "other")["id"]}}
    world.api.faults.append(Fault("POST", "/cfd_tunnel", (200, without)))
    made = await world.create()
    assert made.token == Secret(world.api.living[0]["token"])


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"hostname": "code.example.org"}, "hostname"),
        ({"hostname": "codeexample.com"}, "hostname"),
        ({"hostname": "code.example.org", "zone": ""}, "hostname"),
        ({"account": "0" * 32}, "account"),
    ],
)
async def test_what_does_not_fit_together_makes_nothing(world: World, other: dict[str, str], field: str) -> None:
    with pytest.raises(BadTunnel) as raised:
        await world.create(**other)
    assert raised.value.data["field"] == field
    assert not [call for call in world.api.calls if call.startswith("POST")]
    assert world.told == [("check", "running"), ("check", "failed")]


async def test_a_name_that_is_taken_is_told_and_the_other_tunnel_stays(world: World) -> None:
    world.api.tunnel(world.account, "nexus")
    with pytest.raises(errors.NameTaken):
        await world.create()
    assert len(world.api.living) == 1


async def test_a_name_that_is_taken_in_between_is_not_deleted(world: World) -> None:
    """Between our look and our wish somebody makes a tunnel of that name: Cloudflare says no, and it is theirs."""
    theirs = world.api.tunnel(world.account, "nexus")
    world.api.faults.append(Fault("GET", "/cfd_tunnel", (200, {"success": True, "result": []})))
    with pytest.raises(errors.NameTaken, match="1013"):
        await world.create()
    assert world.api.living == [theirs]


async def test_a_record_of_somebody_else_stays_and_the_tunnel_goes(world: World) -> None:
    record = world.api.record(world.zone, "A", HOST, "192.0.2.1")
    with pytest.raises(errors.RecordTaken) as raised:
        await world.create()
    assert not world.api.living
    assert list(world.api.records.values()) == [record]
    steps = [(step["name"], step["state"]) for step in raised.value.data["steps"]]  # type: ignore[attr-defined]
    assert steps == [
        ("check", "done"), ("tunnel", "done"), ("ingress", "done"), ("dns", "failed"), ("delete-tunnel", "done"),
    ]  # fmt: skip
    assert "tunnel_id=''" in repr(world.kept[-1])


# Rolling back

CALLS = [("POST", "/cfd_tunnel"), ("PUT", "/configurations"), ("POST", "/dns_records")]


@pytest.mark.parametrize(("method", "part"), CALLS)
@pytest.mark.parametrize("said", [refusal((500, 10001, "Internal error")), refusal(double.DENIED), BROKEN])
async def test_a_refused_step_leaves_nothing(world: World, method: str, part: str, said: tuple[int, Any]) -> None:
    world.api.faults.append(Fault(method, part, said))
    with pytest.raises((errors.CloudflareDown, errors.ApiPermissionMissing)):
        await world.create()
    assert world.nothing_is_left()


@pytest.mark.parametrize(("method", "part"), CALLS)
@pytest.mark.parametrize("act", [True, False])
async def test_an_answer_that_never_comes_leaves_nothing(world: World, method: str, part: str, act: bool) -> None:
    """Whether Cloudflare had done it or not cannot be known from here, so it is looked up."""
    world.api.faults.append(Fault(method, part, act=act))
    with pytest.raises(errors.CloudflareUnreachable):
        await world.create()
    assert world.nothing_is_left()
    assert world.api.reached.is_set()


@pytest.mark.parametrize(("method", "part"), CALLS)
async def test_a_making_that_is_cancelled_leaves_nothing(world: World, method: str, part: str) -> None:
    hold = threading.Event()
    world.api.faults.append(Fault(method, part, act=True, hold=hold))
    task = asyncio.create_task(world.create())
    await asyncio.to_thread(world.api.reached.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()
    assert world.nothing_is_left()


async def test_a_rollback_tries_again(world: World) -> None:
    world.api.faults += [Fault("POST", "/dns_records", BROKEN), Fault("DELETE", "/cfd_tunnel/", BROKEN)]
    world.api.faults.append(Fault("DELETE", "/cfd_tunnel/"))
    with pytest.raises(errors.CloudflareDown):
        await world.create()
    assert world.nothing_is_left()


async def test_a_rollback_that_fails_names_what_is_left(world: World) -> None:
    world.api.faults += [Fault("POST", "/dns_records", BROKEN)] + [Fault("DELETE", "/cfd_tunnel/") for _ in range(3)]
    with pytest.raises(errors.HalfMade) as raised:
        await world.create()
    (tunnel,) = world.api.living
    assert raised.value.data["left"] == {"tunnel_id": tunnel["id"], "record": "", "name": "nexus"}
    assert "502" in raised.value.detail
    steps = raised.value.data["steps"]
    assert isinstance(steps, list) and steps[-1]["state"] == "failed"
    await world.ours.delete(world.token, world.kept[-1])
    assert world.nothing_is_left(), "what was told is enough to delete it later"


async def test_a_cancelled_making_that_cannot_be_undone_is_still_cancelled(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    hold = threading.Event()
    world.api.faults.append(Fault("PUT", "/configurations", act=True, hold=hold))
    world.api.faults += [Fault("DELETE", "/cfd_tunnel/", BROKEN) for _ in range(3)]
    task = asyncio.create_task(world.create())
    await asyncio.to_thread(world.api.reached.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hold.set()
    assert world.api.living[0]["id"] in caplog.text

# SPDX-License-Identifier: MIT
"""Links that connect a device: once, within five minutes, and gone with whoever made them."""

import asyncio
import hashlib

import pytest

from opencode_nexus.access.errors import DeviceNameBad, LoginNotFound, NoOwner, PairingGone
from opencode_nexus.access.local import LOCAL
from opencode_nexus.access.pairing import LIFE, Invitation, Pairing
from opencode_nexus.access.sessions import DAY, STAY
from opencode_nexus.access.who import Who
from tests.unit.access.conftest import OWNER, PASSWORD, World

pytestmark = pytest.mark.anyio

HERE, PHONE = "127.0.0.1", "203.0.113.7"


@pytest.fixture
def pairing(owned: World) -> Pairing:
    return Pairing(db=owned.db, clock=owned.clock, access=owned.access)


async def owner(world: World) -> Who:
    who = world.access.authenticate(await world.access.login(OWNER, PASSWORD, HERE))
    assert who is not None
    return who


async def use(pairing: Pairing, invitation: Invitation, name: str = "") -> str:
    return await pairing.redeem(invitation.secret, name, agent="Phone/1", address=PHONE, remote=True)


async def test_a_link_signs_one_device_in_for_thirty_days(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "  My   phone ", source=HERE)
    assert made.path == f"/pair#{made.secret}"
    assert made.expires == owned.clock.now() + LIFE
    assert pairing.look(made.secret).name == "My phone"
    token = await use(pairing, made)
    who = owned.access.authenticate(token, remote=True)
    assert who is not None
    assert who.expires == owned.clock.now() + STAY
    assert not owned.access.fresh(who)  # it gave no password
    (row,) = pairing.devices(who)
    assert (row.id, row.device, row.remote, row.source, row.agent) == (who.key, "My phone", True, PHONE, "Phone/1")
    kinds = [(line.kind, line.detail.get("device")) for line in owned.access.audit(2)]
    assert kinds == [("device-paired", "My phone"), ("pairing-made", "My phone")]


async def test_it_works_once_also_for_two_that_come_together(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    results = await asyncio.gather(*(use(pairing, made) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["PairingGone"] * 3 + ["str"]
    with pytest.raises(PairingGone):
        pairing.look(made.secret)
    assert len(pairing.devices(LOCAL)) == 1


async def test_to_look_uses_nothing_up(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    for _ in range(3):
        pairing.look(made.secret)
    assert await use(pairing, made)


async def test_it_runs_out_after_five_minutes(owned: World, pairing: Pairing) -> None:
    who = await owner(owned)
    made = await pairing.invite(who, "Phone", source=HERE)
    assert [row.name for row in pairing.waiting(who)] == ["Phone"]
    owned.clock.advance(LIFE)
    assert pairing.waiting(who) == []
    with pytest.raises(PairingGone):
        await use(pairing, made)


async def test_a_clock_that_is_set_back_makes_no_link_last_longer(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    owned.clock.jump(-60)
    with pytest.raises(PairingGone):
        pairing.look(made.secret)


@pytest.mark.parametrize("secret", ["", "x", "\udc80", "x" * 10_000])
async def test_a_wrong_secret_is_worth_nothing(owned: World, pairing: Pairing, secret: str) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    with pytest.raises(PairingGone):
        await pairing.redeem(secret, "", agent="", address=PHONE, remote=True)
    assert pairing.look(made.secret).id == made.id


async def test_only_the_hash_of_the_secret_is_kept(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    assert len(made.secret) == 43  # 256 bits
    await owned.db.flush()
    files = b"".join(path.read_bytes() for path in owned.db.path.parent.iterdir())
    assert made.secret.encode() not in files
    assert hashlib.sha256(made.secret.encode()).digest() in files


async def test_its_holder_may_call_it_otherwise_and_a_bad_name_uses_nothing_up(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(await owner(owned), "Phone", source=HERE)
    for name in ("x" * 41, "a\x00b"):
        with pytest.raises(DeviceNameBad):
            await use(pairing, made, name)
    await use(pairing, made, "Ada's")
    assert [row.device for row in pairing.devices(LOCAL)] == ["Ada's"]
    for name in ("", "   ", "x" * 41):
        with pytest.raises(DeviceNameBad):
            await pairing.invite(LOCAL, name, source=HERE)


async def test_a_link_ends_with_the_login_or_token_that_made_it(owned: World, pairing: Pairing) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    mine = await owner(owned)
    login = owned.access.authenticate(token)
    secret, row = await owned.access.create_token("ci")
    program = owned.access.bearer(secret)
    assert login is not None and program is not None
    made = [await pairing.invite(who, "Phone", source=HERE) for who in (login, program, mine)]
    await owned.access.logout(token)
    await owned.access.revoke_token(row.id)
    for gone in made[:2]:
        with pytest.raises(PairingGone):
            await use(pairing, gone)
    # a new password keeps what was made here, and what other logins made goes with them
    await owned.access.change_password(mine.user_id, PASSWORD, "Another Horse 8", keep=mine.key, source=HERE)
    assert await use(pairing, made[2])


async def test_a_device_stays_no_longer_than_the_token_that_connected_it(owned: World, pairing: Pairing) -> None:
    secret, row = await owned.access.create_token("ci", days=1)
    program = owned.access.bearer(secret)
    assert program is not None
    phones = []
    for who in (program, LOCAL):
        token = await use(pairing, await pairing.invite(who, "Phone", source=HERE))
        phones.append(owned.access.authenticate(token, remote=True))
    by_token, by_owner = phones
    assert by_token is not None and by_owner is not None
    assert (by_token.expires, by_owner.expires) == (row.expires, owned.clock.now() + STAY)
    told: list[str] = []
    owned.access.when_ended(by_token, lambda: told.append("ended"))  # its streams end at once
    await owned.access.revoke_token(row.id)
    assert told == ["ended"]
    assert (owned.access.holds(by_token), owned.access.holds(by_owner)) == (False, True)
    assert [device.id for device in pairing.devices(LOCAL)] == [by_owner.key]


async def test_the_link_of_a_token_that_ran_out_is_worth_nothing(owned: World, pairing: Pairing) -> None:
    secret, _ = await owned.access.create_token("ci", days=1)
    owned.clock.advance(DAY - LIFE / 2)
    program = owned.access.bearer(secret)
    assert program is not None
    made = await pairing.invite(program, "Phone", source=HERE)
    owned.clock.advance(LIFE / 2)
    with pytest.raises(PairingGone):
        await use(pairing, made)
    assert pairing.devices(LOCAL) == []


async def test_closing_everything_takes_all_links_back(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(LOCAL, "Phone", source=HERE)
    await owned.access.end_remote(source=HERE)
    with pytest.raises(PairingGone):
        await use(pairing, made)


async def test_a_link_can_be_taken_back(owned: World, pairing: Pairing) -> None:
    who = await owner(owned)
    made = await pairing.invite(who, "Phone", source=HERE)
    await pairing.cancel(who, made.id)
    await pairing.cancel(who, made.id)
    with pytest.raises(PairingGone):
        pairing.look(made.secret)


async def test_devices_are_revoked_one_by_one(owned: World, pairing: Pairing) -> None:
    mine = await owner(owned)
    tokens = [await use(pairing, await pairing.invite(mine, f"Phone {n}", source=HERE)) for n in range(5)]
    rows = pairing.devices(mine)
    assert sorted(row.device for row in rows) == [f"Phone {n}" for n in range(5)]
    who = owned.access.authenticate(tokens[2], remote=True)
    assert who is not None
    told: list[str] = []
    owned.access.when_ended(who, lambda: told.append("ended"))
    await pairing.revoke(mine, who.key, source=HERE)
    assert told == ["ended"]
    assert owned.access.ended_here(who)
    left = [owned.access.authenticate(token, remote=True) is not None for token in tokens]
    assert left == [True, True, False, True, True]
    for missing in (who.key, "lgn_none", mine.key):  # the last is no device
        with pytest.raises(LoginNotFound):
            await pairing.revoke(mine, missing, source=HERE)
    assert owned.access.authenticate(tokens[0], remote=True) is not None


async def test_the_machines_own_user_acts_for_the_owner(owned: World, pairing: Pairing) -> None:
    made = await pairing.invite(LOCAL, "Phone", source="command")
    who = owned.access.authenticate(await use(pairing, made), remote=True)
    assert who is not None
    assert who.name == OWNER
    assert [row.id for row in pairing.devices(LOCAL)] == [who.key]


async def test_without_an_owner_there_is_nothing_to_connect_to(world: World) -> None:
    pairing = Pairing(db=world.db, clock=world.clock, access=world.access)
    with pytest.raises(NoOwner):
        await pairing.invite(LOCAL, "Phone", source="command")

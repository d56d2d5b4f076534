# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.errors import (
    CurrentPasswordWrong,
    LoginLocked,
    LoginNotFound,
    OwnerExists,
    PasswordWeak,
    UserNameBad,
    UserNotFound,
    WrongLogin,
)
from opencode_nexus.access.lockout import FAILURES, LOCK
from opencode_nexus.access.sessions import SHORT, STAY
from opencode_nexus.access.who import Who
from opencode_nexus.core.errors import NexusError
from tests.unit.access.conftest import OWNER, PASSWORD, World

pytestmark = pytest.mark.anyio

HERE, THERE = "10.0.0.1", "10.0.0.2"


def who_is(world: World, token: str) -> Who:
    who = world.access.authenticate(token)
    assert who is not None
    return who


async def fail(world: World, name: str = OWNER, source: str = HERE) -> NexusError:
    with pytest.raises((WrongLogin, LoginLocked)) as caught:
        await world.access.login(name, "Wrong Horse 7", source)
    return caught.value


# -- the owner


async def test_there_is_one_owner(world: World) -> None:
    assert not world.access.has_owner()
    await world.access.create_owner(OWNER, PASSWORD)
    assert world.access.has_owner()
    assert world.again().has_owner()
    with pytest.raises(OwnerExists):
        await world.access.create_owner("Bob", PASSWORD)


async def test_of_two_that_finish_the_set_up_together_one_wins(world: World) -> None:
    other = world.again()
    other.has_owner()
    monkey = world.access
    await other.create_owner("Bob", PASSWORD)
    monkey._has_owner = False
    monkey._users.count = lambda: 0  # type: ignore[method-assign]  # looked before Bob was there
    with pytest.raises(OwnerExists):
        await monkey.create_owner(OWNER, PASSWORD)
    assert [user.name for user in other.users()] == ["Bob"]


async def test_a_bad_name_or_password_makes_no_owner(world: World) -> None:
    with pytest.raises(UserNameBad):
        await world.access.create_owner("a", PASSWORD)
    with pytest.raises(PasswordWeak):
        await world.access.create_owner(OWNER, "short")
    assert not world.access.has_owner()


async def test_a_second_set_up_can_ask_whether_it_is_the_same_owner(owned: World) -> None:
    assert await owned.access.owner_matches("ADA", PASSWORD)
    assert not await owned.access.owner_matches(OWNER, "Wrong Horse 7")
    assert not await owned.access.owner_matches("Bob", PASSWORD)


# -- signing in


async def test_a_login_lasts_a_day_or_thirty(owned: World) -> None:
    short = await owned.access.login(OWNER, PASSWORD, HERE)
    long = await owned.access.login(" ada ", PASSWORD, HERE, True)
    assert len(short) == 43
    who = who_is(owned, short)
    assert (who.name, who.via, who.scopes) == (OWNER, "session", frozenset({"all"}))
    owned.clock.advance(SHORT - 1)
    assert owned.access.authenticate(short)
    owned.clock.advance(1)
    assert owned.access.authenticate(short) is None
    owned.clock.advance(STAY - SHORT - 1)
    assert owned.access.authenticate(long)
    owned.clock.advance(1)
    assert owned.access.authenticate(long) is None


async def test_only_the_hash_of_a_token_is_stored(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    made, _ = await owned.access.create_token("ci")
    await owned.db.flush()
    held = b"".join(path.read_bytes() for path in owned.db.path.parent.iterdir())
    for secret in (token, made, PASSWORD):
        assert secret.encode() not in held


@pytest.mark.parametrize("token", ["", "x", "x" * 200, "\ud800", "'; DROP TABLE logins"])
async def test_other_tokens_are_nobody(owned: World, token: str) -> None:
    assert owned.access.authenticate(token) is None
    assert owned.access.bearer(token) is None


async def test_a_restart_keeps_logins(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    assert owned.again().authenticate(token) is not None


async def test_unknown_name_and_wrong_password_get_the_same_answer_and_the_same_work(owned: World) -> None:
    wrong = await fail(owned)
    work = owned.hasher.calls.copy()
    owned.hasher.calls.clear()
    unknown = await fail(owned, "Nobody")
    assert owned.hasher.calls == work == ["verify"]
    assert wrong.problem() == unknown.problem()
    for n in range(1, FAILURES):
        assert (await fail(owned)).problem() == (await fail(owned, "Nobody")).problem(), n
    assert (await fail(owned)).problem() == (await fail(owned, "Nobody")).problem()


async def test_five_failures_lock_the_failing_source_alone(owned: World) -> None:
    for _ in range(FAILURES - 1):
        assert isinstance(await fail(owned), WrongLogin)
    assert isinstance(await fail(owned), LoginLocked)
    with pytest.raises(LoginLocked) as caught:
        await owned.access.login(OWNER, PASSWORD, HERE)
    assert caught.value.data["retry_after"] == LOCK + 1
    assert await owned.access.login(OWNER, PASSWORD, THERE)  # a stranger cannot lock the owner out
    assert owned.slept == [0.5]  # but is slowed down


async def test_a_lock_costs_no_hash(owned: World) -> None:
    for _ in range(FAILURES):
        await fail(owned)
    owned.hasher.calls.clear()
    await fail(owned)
    assert owned.hasher.calls == []


async def test_a_lock_outlives_a_restart_and_ends_after_half_an_hour(owned: World) -> None:
    for _ in range(FAILURES):
        await fail(owned)
    with pytest.raises(LoginLocked):
        await owned.again().login(OWNER, PASSWORD, HERE)
    owned.clock.advance(LOCK)
    assert await owned.again().login(OWNER, PASSWORD, HERE)


async def test_a_good_login_resets_its_source(owned: World) -> None:
    for _ in range(FAILURES - 1):
        await fail(owned)
    await owned.access.login(OWNER, PASSWORD, HERE)
    assert "4 more" in (await fail(owned)).detail


async def test_the_owner_can_end_the_locks(owned: World) -> None:
    for _ in range(FAILURES):
        await fail(owned)
    assert owned.access.users()[0].locked == ((HERE, owned.clock.now() + LOCK),)
    assert await owned.access.unlock("ADA") == 1
    assert owned.access.users()[0].locked == ()
    assert await owned.access.login(OWNER, PASSWORD, HERE)
    with pytest.raises(UserNotFound):
        await owned.access.unlock("Bob")


async def test_old_parameters_are_renewed_at_a_login(owned: World) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    user = owned.access.users()[0]
    await owned.access._users.set_password(user.id, old, None)
    await owned.access.login(OWNER, PASSWORD, HERE)
    assert owned.hasher.calls == ["verify", "hash"]
    owned.hasher.calls.clear()
    await owned.access.login(OWNER, PASSWORD, HERE)
    assert owned.hasher.calls == ["verify"]
    assert owned.access.users()[0].password_changed == user.password_changed


# -- ending


async def test_logout_ends_the_login_on_the_server(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    who = who_is(owned, token)
    assert await owned.access.logout(token)
    assert owned.access.authenticate(token) is None
    assert owned.access.ended_here(who)
    assert not owned.access.holds(who)
    assert not await owned.access.logout(token)


async def test_what_begins_and_what_ends_is_published(owned: World) -> None:
    seen: list[object] = []
    owned.bus.listen(lambda record: seen.append(record.data), "access")
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    who = who_is(owned, token)
    await owned.access.logout(token)
    assert seen == [{"began": [who.key]}, {"ended": [who.key]}]


async def test_who_was_let_in_is_no_more_when_the_time_is_up(owned: World) -> None:
    who = who_is(owned, await owned.access.login(OWNER, PASSWORD, HERE))
    assert owned.access.holds(who)
    assert not owned.access.ended_here(who)
    owned.clock.advance(SHORT)
    assert not owned.access.holds(who)
    assert owned.access.ended_here(who)


async def test_another_process_can_end_a_login(owned: World) -> None:
    who = who_is(owned, await owned.access.login(OWNER, PASSWORD, HERE))
    await owned.again().set_password(OWNER, "Another Horse 8")
    assert not owned.access.ended_here(who)
    assert not owned.access.holds(who)


async def test_the_ids_that_are_remembered_are_bounded(owned: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.access.endings.REMEMBER", 2)
    whos = []
    for _ in range(3):
        token = await owned.access.login(OWNER, PASSWORD, HERE)
        whos.append(who_is(owned, token))
        await owned.access.logout(token)
    assert [owned.access.ended_here(who) for who in whos] == [False, True, True]


async def test_devices_are_listed_and_can_be_signed_out(owned: World) -> None:
    mine = await owned.access.login(OWNER, PASSWORD, HERE, agent="Firefox" * 100)
    owned.clock.advance(10)
    theirs = await owned.access.login(OWNER, PASSWORD, THERE, True, agent="phone", address="10.0.0.9")
    me, other = who_is(owned, mine), who_is(owned, theirs)
    devices = owned.access.logins(me.user_id)
    assert [(d.id, d.source, d.stay) for d in devices] == [
        (other.key, "10.0.0.9", True),
        (me.key, HERE, False),
    ]
    assert len(devices[1].agent) == 200
    with pytest.raises(LoginNotFound):
        await owned.access.revoke_login(me.user_id, "lgn_nothing", source=HERE)
    with pytest.raises(LoginNotFound):
        await owned.access.revoke_login("usr_other", other.key, source=HERE)
    await owned.access.revoke_login(me.user_id, other.key, source=HERE)
    assert owned.access.authenticate(theirs) is None
    assert owned.access.authenticate(mine) is not None


async def test_all_other_devices_can_be_signed_out(owned: World) -> None:
    mine, *others = [await owned.access.login(OWNER, PASSWORD, HERE) for _ in range(3)]
    me = who_is(owned, mine)
    assert await owned.access.revoke_other_logins(me.user_id, me.key, source=HERE) == 2
    assert owned.access.authenticate(mine) is not None
    assert [owned.access.authenticate(token) for token in others] == [None, None]


async def test_the_last_use_is_noted_once_a_minute(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    start = owned.clock.now()
    for seconds in (59, 1, 59):
        owned.clock.advance(seconds)
        user = who_is(owned, token).user_id
        await owned.db.flush()
    assert owned.access.logins(user)[0].last_seen == start + 60


async def test_expired_logins_are_removed_at_the_start(owned: World) -> None:
    await owned.access.login(OWNER, PASSWORD, HERE)
    owned.clock.advance(SHORT)
    await owned.again().open()
    assert owned.db.read("SELECT 1 FROM logins") == []


# -- the password


async def test_changing_the_password_ends_the_other_logins(owned: World) -> None:
    mine = await owned.access.login(OWNER, PASSWORD, HERE)
    theirs = await owned.access.login(OWNER, PASSWORD, THERE)
    me, other = who_is(owned, mine), who_is(owned, theirs)
    ended = await owned.access.change_password(me.user_id, PASSWORD, "Another Horse 8", keep=me.key, source=HERE)
    assert ended == 1
    assert owned.access.authenticate(mine) is not None
    assert owned.access.authenticate(theirs) is None
    assert owned.access.ended_here(other)
    assert await owned.access.login(OWNER, "Another Horse 8", HERE)
    await fail(owned)


async def test_a_wrong_current_password_counts_like_a_failed_login(owned: World) -> None:
    me = who_is(owned, await owned.access.login(OWNER, PASSWORD, HERE))
    for _ in range(FAILURES - 1):
        with pytest.raises(CurrentPasswordWrong):
            await owned.access.change_password(me.user_id, "x", "Another Horse 8", keep=me.key, source=HERE)
    with pytest.raises(LoginLocked):
        await owned.access.change_password(me.user_id, "x", "Another Horse 8", keep=me.key, source=HERE)
    assert await owned.access.login(OWNER, PASSWORD, THERE)


async def test_a_weak_new_password_is_refused_before_anything_else(owned: World) -> None:
    me = who_is(owned, await owned.access.login(OWNER, PASSWORD, HERE))
    owned.hasher.calls.clear()
    with pytest.raises(PasswordWeak):
        await owned.access.change_password(me.user_id, "x", "weak", keep=me.key, source=HERE)
    assert owned.hasher.calls == []
    with pytest.raises(UserNotFound):
        await owned.access.change_password("usr_none", "x", "Another Horse 8", keep=None, source=HERE)


async def test_the_command_sets_a_password_and_ends_locks_and_logins(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, THERE)
    for _ in range(FAILURES):
        await fail(owned)
    assert await owned.access.set_password("ada", "Another Horse 8") == 1
    assert owned.access.authenticate(token) is None
    assert await owned.access.login(OWNER, "Another Horse 8", HERE)
    with pytest.raises(UserNotFound):
        await owned.access.set_password("Bob", "Another Horse 8")
    with pytest.raises(PasswordWeak):
        await owned.access.set_password("ada", "weak")

# SPDX-License-Identifier: MIT
"""Logins through a tunnel, and the password that is asked for again."""

from functools import partial

import pytest

from opencode_nexus.access.errors import CurrentPasswordWrong, LoginLocked, LoginNotFound
from opencode_nexus.access.local import LOCAL
from opencode_nexus.access.lockout import FAILURES
from opencode_nexus.access.sessions import FRESH, SEEN_EVERY
from opencode_nexus.access.who import Who
from tests.unit.access.conftest import OWNER, PASSWORD, World

pytestmark = pytest.mark.anyio

HERE, OUTSIDE = "127.0.0.1", "203.0.113.7"


async def enter(world: World, *, remote: bool) -> tuple[str, Who]:
    token = await world.access.login(OWNER, PASSWORD, OUTSIDE if remote else HERE, remote=remote)
    who = world.access.authenticate(token, remote=remote)
    assert who is not None
    return token, who


async def test_a_login_through_a_tunnel_is_marked_and_listed(owned: World) -> None:
    await enter(owned, remote=False)
    _, who = await enter(owned, remote=True)
    listed = {row.id: row.remote for row in owned.access.logins(who.user_id)}
    assert len(listed) == 2
    assert listed[who.key] is True
    assert owned.access.audit(1)[0].detail["remote"] is True


async def test_a_login_of_this_side_does_not_hold_outside(owned: World) -> None:
    here, _ = await enter(owned, remote=False)
    there, _ = await enter(owned, remote=True)
    assert owned.access.authenticate(here, remote=True) is None
    assert owned.access.authenticate(there, remote=True) is not None
    assert owned.access.authenticate(here) is not None


async def test_the_local_key_is_worth_nothing_outside_and_a_token_is(owned: World) -> None:
    token, _ = await owned.access.create_token("ci")
    assert owned.access.bearer("local-token-of-this-run", remote=True) is None
    assert owned.access.bearer("local-token-of-this-run") == LOCAL
    assert owned.access.bearer(token, remote=True) is not None


async def test_all_logins_through_tunnels_end_together_and_no_others(owned: World) -> None:
    here, _ = await enter(owned, remote=False)
    there = [await enter(owned, remote=True) for _ in range(2)]
    told: list[str] = []
    ended = [who.key for _, who in there]
    for _, who in there:
        owned.access.when_ended(who, partial(told.append, who.key))
    assert await owned.access.end_remote(source=HERE) == 2
    assert sorted(told) == sorted(ended)
    assert [owned.access.authenticate(token, remote=True) for token, _ in there] == [None, None]
    assert all(owned.access.ended_here(who) for _, who in there)
    assert owned.access.authenticate(here) is not None
    line = owned.access.audit(1)[0]
    assert (line.kind, line.user, line.detail) == ("remote-ended", OWNER, {"logins_ended": 2})
    assert await owned.access.end_remote(source=HERE) == 0


async def test_who_watches_a_login_no_more_is_not_told(owned: World) -> None:
    token, who = await enter(owned, remote=True)
    told: list[str] = []
    forget = owned.access.when_ended(who, lambda: told.append("first"))
    owned.access.when_ended(who, lambda: told.append("second"))
    forget()
    forget()
    await owned.access.logout(token)
    assert told == ["second"]


async def test_a_stream_that_is_open_for_hours_counts_as_use(owned: World) -> None:
    _, who = await enter(owned, remote=True)
    owned.clock.advance(SEEN_EVERY)
    assert owned.access.holds(who)
    await owned.db.flush()
    assert owned.access.logins(who.user_id)[0].last_seen == owned.clock.now()


# -- the password again


async def test_a_login_is_fresh_for_ten_minutes_and_again_after_the_password(owned: World) -> None:
    _, who = await enter(owned, remote=False)
    owned.clock.advance(FRESH)
    assert owned.access.fresh(who)
    owned.clock.advance(1)
    assert not owned.access.fresh(who)
    await owned.access.confirm(who.key, PASSWORD, source=HERE)
    assert owned.access.fresh(who)
    owned.clock.jump(-3600)  # a time to come proves nothing
    assert not owned.access.fresh(who)


async def test_programs_have_no_password_to_give_again(owned: World) -> None:
    token, _ = await owned.access.create_token("ci")
    who = owned.access.bearer(token)
    assert who is not None
    owned.clock.advance(FRESH + 1)
    assert owned.access.fresh(who)
    assert owned.access.fresh(LOCAL)


async def test_a_new_password_is_a_password_given(owned: World) -> None:
    _, who = await enter(owned, remote=False)
    owned.clock.advance(FRESH + 1)
    await owned.access.change_password(who.user_id, PASSWORD, "Another Horse 8", keep=who.key, source=HERE)
    assert owned.access.fresh(who)


async def test_wrong_ones_are_counted_with_those_of_the_login(owned: World) -> None:
    _, who = await enter(owned, remote=False)
    owned.clock.advance(FRESH + 1)
    for _ in range(FAILURES - 1):
        with pytest.raises(CurrentPasswordWrong):
            await owned.access.confirm(who.key, "wrong", source=OUTSIDE, address=OUTSIDE)
    with pytest.raises(LoginLocked):
        await owned.access.confirm(who.key, "wrong", source=OUTSIDE)
    with pytest.raises(LoginLocked):
        await owned.access.login(OWNER, PASSWORD, OUTSIDE)
    assert not owned.access.fresh(who)
    await owned.access.confirm(who.key, PASSWORD, source=HERE)  # another source is not shut out
    kinds = [line.kind for line in owned.access.audit(FAILURES)]
    assert kinds == ["confirm-failed"] * FAILURES


async def test_a_login_that_ended_cannot_be_made_fresh(owned: World) -> None:
    token, who = await enter(owned, remote=False)
    await owned.access.logout(token)
    with pytest.raises(LoginNotFound):
        await owned.access.confirm(who.key, PASSWORD, source=HERE)
    assert not owned.access.fresh(who)

# SPDX-License-Identifier: MIT
"""API tokens, the local key, and the audit log."""

import pytest

from opencode_nexus.access.errors import (
    LoginLocked,
    NoOwner,
    TokenExists,
    TokenNotFound,
    TokenUnusable,
    WrongLogin,
)
from opencode_nexus.access.lockout import FAILURES
from opencode_nexus.access.sessions import DAY
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


# -- API tokens and the local key


async def test_a_token_lets_its_scopes_in_until_it_ends(owned: World) -> None:
    token, row = await owned.access.create_token(" ci ", ["read"], 7)
    assert token.startswith("nxt_")
    assert (row.name, row.scopes, row.expires) == ("ci", ("read",), owned.clock.now() + 7 * DAY)
    who = owned.access.bearer(token)
    assert who is not None
    assert (who.name, who.via, who.scopes) == ("Ada (ci)", "token", frozenset({"read"}))
    await owned.db.flush()
    assert owned.access.tokens()[0].last_used == owned.clock.now()
    owned.clock.advance(7 * DAY)
    assert owned.access.bearer(token) is None


async def test_a_token_without_days_never_ends(owned: World) -> None:
    token, row = await owned.access.create_token("ci")
    assert (row.scopes, row.expires) == (("all",), None)
    owned.clock.advance(10_000 * DAY)
    assert owned.access.bearer(token) is not None


async def test_a_revoked_token_is_nobody(owned: World) -> None:
    token, row = await owned.access.create_token("ci")
    who = owned.access.bearer(token)
    assert who is not None
    assert owned.access.holds(who)
    assert (await owned.access.revoke_token("ci")).id == row.id
    assert owned.access.bearer(token) is None
    assert owned.access.ended_here(who)
    assert not owned.access.holds(who)
    with pytest.raises(TokenNotFound):
        await owned.access.revoke_token("ci")


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [("", ["all"], None), ("x" * 65, ["all"], None), ("a\nb", ["all"], None), ("ci", ["root"], None)]
    + [("ci", ["all"], days) for days in (0, -1, 3651)],
)
async def test_tokens_that_cannot_be_made(owned: World, name: str, scopes: list[str], days: int | None) -> None:
    with pytest.raises(TokenUnusable):
        await owned.access.create_token(name, scopes, days)
    assert owned.access.tokens() == []


async def test_a_name_is_taken_once(owned: World) -> None:
    await owned.access.create_token("ci")
    with pytest.raises(TokenExists):
        await owned.access.create_token("ci")


async def test_without_an_owner_there_are_no_tokens(world: World) -> None:
    with pytest.raises(NoOwner):
        await world.access.create_token("ci")


async def test_the_local_key_holds_for_one_run(owned: World) -> None:
    who = owned.access.bearer("local-token-of-this-run")
    assert who is not None
    assert who.via == "local"
    assert owned.access.holds(who)
    assert owned.again().bearer("local-token-of-this-run") is None


# -- the audit log


async def test_the_audit_log_tells_what_happened_and_never_a_secret(owned: World) -> None:
    token = await owned.access.login(OWNER, PASSWORD, HERE)
    user = who_is(owned, token).user_id
    await fail(owned)
    await fail(owned, "my password typed into the wrong field")
    made, _ = await owned.access.create_token("ci", source=HERE)
    await owned.access.revoke_token("ci", source=HERE)
    await owned.access.unlock(OWNER)
    await owned.access.change_password(user, PASSWORD, "Another Horse 8", keep=None, source=HERE)
    await owned.access.login(OWNER, "Another Horse 8", THERE)
    await owned.access.revoke_other_logins(user, None, source=HERE)
    last = await owned.access.login(OWNER, "Another Horse 8", HERE)
    await owned.access.logout(last)
    lines = owned.access.audit()
    assert [(line.kind, line.user, line.source) for line in reversed(lines)] == [
        ("owner-created", OWNER, "command"),
        ("login", OWNER, HERE),
        ("login-failed", OWNER, HERE),
        ("login-failed", "", HERE),
        ("token-created", OWNER, HERE),
        ("token-revoked", OWNER, HERE),
        ("unlocked", OWNER, "command"),
        ("password-changed", OWNER, HERE),
        ("login", OWNER, THERE),
        ("logins-revoked", OWNER, HERE),
        ("login", OWNER, HERE),
        ("logout", OWNER, HERE),
    ]
    text = repr(lines)
    for secret in (PASSWORD, "Another Horse 8", token, last, made, "wrong field"):
        assert secret not in text


async def test_a_sign_in_is_no_news_and_a_lock_is(owned: World) -> None:
    told: list[str] = []

    class Notes:
        async def add(self, kind: str, text: str, *, level: str = "info", server_id: str | None = None) -> None:
            told.append(kind)

    owned.access._activity = Notes()
    await owned.access.login(OWNER, PASSWORD, HERE)
    assert told == []
    for _ in range(FAILURES):
        with pytest.raises(NexusError):
            await owned.access.login(OWNER, "Wrong Horse 7", HERE)
    assert told == ["login-locked"]


async def test_the_audit_log_keeps_the_newest(owned: World) -> None:
    from opencode_nexus.store.audit import Audit

    audit = Audit(owned.db, keep=3)
    for n in range(6):
        await audit.add(float(n), "login", OWNER, HERE, n=n)
    assert [line.detail["n"] for line in audit.recent()] == [5, 4, 3]

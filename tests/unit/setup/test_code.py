# SPDX-License-Identifier: MIT
import asyncio
import json
import re
from typing import Any

import pytest

from opencode_nexus.core.clock import ManualClock
from opencode_nexus.setup.code import LINK_LIFE, VISIT_LIFE, WRONG, SetupCode, tidy
from opencode_nexus.setup.errors import SetupCodeUsed, SetupCodeWait, SetupCodeWrong, SetupLinkUsed

pytestmark = pytest.mark.anyio


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def set(self, key: str, value: Any) -> None:
        self.values[key] = json.loads(json.dumps(value))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def code(memory: Memory, clock: ManualClock) -> SetupCode:
    return SetupCode(memory, clock)


def test_a_code_is_easy_to_type_and_never_the_same(code: SetupCode) -> None:
    made = {code.issue() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}", one) for one in made)
    assert tidy(" o1il-abcd efgh") == "0111ABCDEFGH"


async def test_a_visit_lasts_a_day_and_a_restart(code: SetupCode, memory: Memory, clock: ManualClock) -> None:
    token = await code.redeem(code.issue().lower(), "here")
    again = SetupCode(memory, clock)
    assert again.holds(token)
    assert not again.holds("")
    assert not again.holds(token + "x")
    clock.advance(VISIT_LIFE)
    assert not again.holds(token)


async def test_nothing_that_opens_the_door_is_stored(code: SetupCode, memory: Memory) -> None:
    shown, link = code.issue(), code.link()
    token = await code.redeem(shown, "here")
    kept = json.dumps(memory.values) + repr(vars(code))
    for secret in (shown, tidy(shown), link, token):
        assert secret not in kept


async def test_a_new_code_ends_the_one_before(code: SetupCode) -> None:
    first, second = code.issue(), code.issue()
    with pytest.raises(SetupCodeWrong):
        await code.redeem(first, "here")
    assert await code.redeem(second, "here")


async def test_one_browser_gets_in_and_a_new_start_lets_another_take_its_place(
    code: SetupCode, memory: Memory, clock: ManualClock
) -> None:
    shown, link = code.issue(), code.link()
    first = await code.redeem(shown, "here")
    for _ in range(WRONG + 1):  # it is the right one, so it counts as no guess
        with pytest.raises(SetupCodeUsed):
            await code.redeem(shown, "here")
    with pytest.raises(SetupLinkUsed):
        await code.follow(link)
    again = SetupCode(memory, clock)
    assert again.holds(first)
    second = await again.redeem(again.issue(), "there")
    assert again.holds(second)
    assert not again.holds(first)


async def test_two_at_once_are_not_both_let_in(code: SetupCode) -> None:
    shown, link = code.issue(), code.link()
    calls = (code.redeem(shown, "here"), code.follow(link), code.redeem(shown, "there"))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str, SetupLinkUsed, SetupCodeUsed]


async def test_no_code_was_made_yet(code: SetupCode) -> None:
    for given in ("", "AAAA-AAAA-AAAA"):
        with pytest.raises(SetupCodeWrong):
            await code.redeem(given, "here")


async def test_the_link_is_good_once_and_for_ten_minutes(code: SetupCode, clock: ManualClock) -> None:
    link = code.link()
    assert await code.follow(link)
    with pytest.raises(SetupLinkUsed):
        await code.follow(link)
    link = code.link()
    clock.advance(LINK_LIFE)
    with pytest.raises(SetupLinkUsed):
        await code.follow(link)


async def test_guessing_is_slow_and_shuts_nobody_else_out(code: SetupCode, clock: ManualClock) -> None:
    right = code.issue()
    for _ in range(WRONG):
        with pytest.raises(SetupCodeWrong):
            await code.redeem("0000-0000-0000", "stranger")
    with pytest.raises(SetupCodeWait) as caught:
        await code.redeem("0000-0000-0000", "stranger")
    assert caught.value.data["retry_after"] == 60
    clock.advance(60.1)
    for _ in range(WRONG):
        with pytest.raises(SetupCodeWrong):
            await code.redeem("0000-0000-0000", "stranger")
    assert await code.redeem(right, "stranger"), "the right one is taken, whoever guessed behind the same address"
    assert await code.redeem(code.issue(), "owner")


async def test_a_browser_that_is_in_lets_one_more_in_with_a_code_that_is_good_once(
    code: SetupCode, memory: Memory, clock: ManualClock
) -> None:
    first = await code.redeem(code.issue(), "here")
    before, shown = code.invite(), code.invite()
    with pytest.raises(SetupCodeWrong):
        await code.redeem(before, "there")
    second = await code.redeem(shown, "there")
    assert code.holds(first)
    assert code.holds(second)
    with pytest.raises(SetupCodeUsed):
        await code.redeem(shown, "elsewhere")
    late = code.invite()
    assert tidy(late) not in json.dumps(memory.values) + repr(vars(code))
    clock.advance(LINK_LIFE)
    with pytest.raises(SetupCodeWrong):
        await code.redeem(late, "there")
    code.invite()
    third = await code.redeem(code.issue(), "there")
    assert [code.holds(token) for token in (first, second, third)] == [False, False, True]


async def test_a_new_start_ends_the_code_for_a_further_device(code: SetupCode) -> None:
    await code.redeem(code.issue(), "here")
    further = code.invite()
    code.issue()
    with pytest.raises(SetupCodeWrong):
        await code.redeem(further, "there")


async def test_the_list_of_guessers_is_bounded(code: SetupCode) -> None:
    for number in range(1_100):
        with pytest.raises(SetupCodeWrong):
            await code.redeem("0", f"10.0.{number // 256}.{number % 256}")
    assert len(code._wrong) == 1_000


async def test_with_an_owner_all_of_it_ends(code: SetupCode) -> None:
    shown, link = code.issue(), code.link()
    token = await code.redeem(shown, "here")
    await code.end()
    assert not code.holds(token)
    with pytest.raises(SetupCodeWrong):
        await code.redeem(shown, "here")
    with pytest.raises(SetupLinkUsed):
        await code.follow(link)

# SPDX-License-Identifier: MIT
import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from opencode_nexus.access.passwords import SLOTS, Passwords, argon2id, nobodys_hash
from tests.unit.access.conftest import CountingHasher

pytestmark = pytest.mark.anyio


async def test_a_password_fits_its_own_hash_alone() -> None:
    passwords = Passwords(CountingHasher())
    stored = await passwords.hash("Abcdefg1")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "Abcdefg1")
    assert not await passwords.verify(stored, "abcdefg1")
    assert stored != await passwords.hash("Abcdefg1")  # its own salt each time


async def test_the_same_letters_typed_on_another_keyboard_fit() -> None:
    passwords = Passwords(CountingHasher())
    assert await passwords.verify(await passwords.hash("Caf\u00e91234"), "Cafe\u03011234")


async def test_nobody_costs_one_verification_with_todays_parameters() -> None:
    hasher = CountingHasher()
    assert not await Passwords(hasher).verify(None, "Abcdefg1")
    assert hasher.calls == ["verify"]
    assert extract_parameters(hasher.verified[0]) == extract_parameters(argon2id().hash("x"))
    assert nobodys_hash() != nobodys_hash()


async def test_the_parameters_are_those_of_the_design() -> None:
    stored = await Passwords().hash("Abcdefg1")
    found = extract_parameters(stored)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19456, 2, 1)
    assert not Passwords().outdated(stored)
    assert Passwords().outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
async def test_what_is_not_a_hash_fits_nothing(stored: str) -> None:
    assert not await Passwords(CountingHasher()).verify(stored, "Abcdefg1")


async def test_a_lone_surrogate_is_just_a_wrong_password() -> None:
    passwords = Passwords(CountingHasher())
    assert not await passwords.verify(await passwords.hash("Abcdefg1"), "\ud800")


async def test_at_most_two_hash_at_once_and_never_on_the_loop() -> None:
    class Slow(CountingHasher):
        def __init__(self) -> None:
            super().__init__()
            self.now, self.most, self.lock = 0, 0, threading.Lock()
            self.threads: set[int] = set()
            self.full = threading.Barrier(SLOTS)

        def hash(self, password: bytes) -> str:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
                self.threads.add(threading.get_ident())
            self.full.wait(10)  # both places are taken before either is left
            with self.lock:
                self.now -= 1
            return "done"

    hasher = Slow()
    passwords = Passwords(hasher)
    await asyncio.gather(*(passwords.hash("Abcdefg1") for _ in range(3 * SLOTS)))
    assert hasher.most == SLOTS
    assert threading.get_ident() not in hasher.threads

# SPDX-License-Identifier: MIT
"""A process with all that came from it: found by descent while it lives, and by its mark for ever after."""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from opencode_nexus.processes import table
from opencode_nexus.processes.identity import Identity, alive, identify, kill, terminate
from opencode_nexus.processes.process import Process

ROUNDS = 5  # of looking for what was started while we ended the rest


@dataclass(frozen=True, slots=True)
class Marked:
    """A process that carries a mark; `parent` is its parent's id."""

    identity: Identity
    mark: str
    parent: int


def descendants(root: Identity, age: float = 0.0) -> list[Identity]:
    """Return what descends from `root` now, nearest first, without itself; [] when it does not run.

    The process table may have been read up to `age` seconds ago, for others. Blocks: use a thread.
    """
    if not alive(root):
        return []
    entries = table.recent(age).tree(root.pid)[1:]
    return [found for entry in entries if (found := identify(entry.pid)) is not None]


def marked(name: str, prefix: str) -> list[Marked]:
    """Return the processes whose environment variable `name` begins with `prefix`; this one is never among them.

    A process of another user, or one that hides its environment, is not seen. Use a thread.
    """
    found: list[Marked] = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            mark = process.environ().get(name, "")
            if not mark.startswith(prefix):
                continue
            parent = process.ppid()
        except (psutil.Error, OSError):
            continue
        if (identity := identify(process.pid)) is not None:
            found.append(Marked(identity, mark, parent))
    return found


class Tree:
    """The processes of one run: a root, and what was ever seen to descend from it or to carry its mark."""

    def __init__(self, root: Identity | None, name: str, mark: str) -> None:
        self.root = root
        self._name, self._mark = name, mark
        self._known: dict[int, Identity] = {}

    def sample(self, age: float = 0.0) -> None:
        """Remember what descends from the root, so that it is still known when the root has gone. Blocks.

        The process table may have been read up to `age` seconds ago, for others.
        """
        if self.root is not None:
            self._remember(descendants(self.root, age))

    def members(self) -> list[Identity]:
        """Return everything of the tree that runs now, the root first. Blocks.

        Never ourselves or those above us: a hub started from an agent's shell carries that agent's mark.
        """
        self.sample()
        self._remember(found.identity for found in marked(self._name, self._mark))
        ours = self_and_parents()
        known = [] if self.root is None else [self.root]
        known += [
            identity
            for identity in self._known.values()
            if identity.pid not in ours and (self.root is None or not identity.same(self.root))
        ]
        return [identity for identity in known if alive(identity)]

    def _remember(self, found: Iterable[Identity]) -> None:
        for identity in found:
            self._known[identity.pid] = identity


async def end(tree: Tree, grace: float, *, root_first: float = 0.0) -> list[Identity]:
    """End the whole tree: ask, wait up to `grace` seconds, then kill; returns what is left even so.

    With `root_first` the root is asked alone and given that many seconds, as it may end its children in good order.
    """
    if root_first and tree.root is not None:
        await asyncio.to_thread(tree.sample)
        terminate(tree.root)
        await gone([tree.root], root_first)
    for _ in range(ROUNDS):  # what runs may start more while we end it
        left = await asyncio.to_thread(tree.members)
        if not left:
            return []
        await end_all(left, grace)
    return await asyncio.to_thread(tree.members)


async def end_all(identities: Iterable[Identity], grace: float) -> list[Identity]:
    """End these processes: ask, wait up to `grace` seconds, then kill; returns what is left even so."""
    left = list(identities)
    for send in (terminate, kill):
        for identity in left:
            send(identity)
        await gone(left, grace)
        left = await asyncio.to_thread(_of, alive, left)
    return left


def _of(test: Callable[[Identity], bool], identities: list[Identity]) -> list[Identity]:
    return [identity for identity in identities if test(identity)]


async def gone(identities: Iterable[Identity], within: float) -> None:
    """Wait until all have ended, at most `within` seconds."""
    try:
        async with asyncio.timeout(within):
            await asyncio.gather(*(Process(identity).gone() for identity in identities))
    except TimeoutError:
        return


def self_and_parents() -> set[int]:
    """Return the ids of this process and of all above it. Blocks."""
    try:
        return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    except psutil.Error:
        return {os.getpid()}

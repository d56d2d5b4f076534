# SPDX-License-Identifier: MIT
"""Drafts that follow their writer from one device to the next, and the models and agents that were picked."""

from opencode_nexus.core.clock import Clock
from opencode_nexus.store.drafts import DraftRow, DraftRows, Pick, Picks

LIFE = 30 * 86400.0  # seconds that a draft is kept unchanged
LONGEST = 1_000_000  # characters of a draft; a longer one stays in its page


class Drafts:
    """One draft for each person and session."""

    def __init__(self, rows: DraftRows, clock: Clock) -> None:
        self._rows, self._clock = rows, clock

    def get(self, user_id: str, session_id: str) -> DraftRow:
        """Return the draft, an empty one of version 0 when there was never one."""
        return self._rows.get(user_id, session_id)

    async def save(self, user_id: str, session_id: str, text: str, known: int) -> tuple[bool, DraftRow]:
        """Keep `text` if the draft still is version `known`; returns whether it was, and the draft as it is now.

        When it was not, another device has written meanwhile, and what is returned is its draft.
        """
        self._rows.end(self._clock.now() - LIFE)
        other = await self._rows.put(user_id, session_id, text[:LONGEST], known, self._clock.now())
        return (True, self.get(user_id, session_id)) if other is None else (False, other)

    async def clear(self, user_id: str, session_id: str, text: str, version: int | None) -> None:
        """The message was taken: empty the draft that it was, unless another device has written another one."""
        await self._rows.clear(user_id, session_id, text, version, self._clock.now())


class Picked:
    """What a person picked to answer, for a session, else in its project, else last."""

    def __init__(self, rows: Picks, clock: Clock) -> None:
        self._rows, self._clock = rows, clock

    def session(self, user_id: str, session_id: str) -> Pick:
        """Return what was picked in a session; an empty pick for nothing."""
        return self._rows.get(user_id, f"session:{session_id}")

    def project(self, user_id: str, folder: str) -> Pick:
        """Return what was used last in a folder; an empty pick for nothing."""
        return self._rows.get(user_id, f"project:{folder}")

    def last(self, user_id: str) -> Pick:
        """Return what was used last at all."""
        return self._rows.get(user_id, "last")

    def pick(self, user_id: str, session_id: str, model: str, agent: str, variant: str) -> None:
        """Remember what is picked in a session."""
        self._put(user_id, f"session:{session_id}", Pick(model, agent, variant))

    def used(
        self, user_id: str, session_id: str, folder: str, model: str, agent: str, variant: str, *, own: bool
    ) -> None:
        """Remember what a message was sent with. The folder's new sessions begin with it when it is the user's `own`:
        neither for practice nor somebody else's without a key.
        """
        self.pick(user_id, session_id, model, agent, variant)
        for scope in (f"project:{folder}", "last") if own else ("last",):
            self._put(user_id, scope, Pick(model, agent, variant))

    def _put(self, user_id: str, scope: str, pick: Pick) -> None:
        if pick != self._rows.get(user_id, scope):
            self._rows.put(user_id, scope, pick, self._clock.now())

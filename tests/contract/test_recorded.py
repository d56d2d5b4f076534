# SPDX-License-Identifier: MIT
"""What the fake plays is what the real OpenCode says: the same script folds to the same state."""

import pytest

from opencode_nexus.opencode.decode import decode
from tests.fakes.real import OpenCode
from tests.fakes.recording import SCRIPTS, folded, recorded, shape, turn

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", sorted(SCRIPTS))
async def test_recorded_and_real_fold_alike(name: str, opencode: OpenCode) -> None:
    session_id, heard = await turn(opencode, SCRIPTS[name])
    played = [found for body in recorded(name) if (found := decode(body)) is not None]
    assert shape(folded(session_id, heard)) == shape(folded("ses_0000", played))

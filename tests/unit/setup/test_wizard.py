# SPDX-License-Identifier: MIT
"""All steps at once, as the command does them; step by step is in tests/unit/web/test_setup.py."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.access.errors import OwnerExists, PasswordWeak, UserNameBad
from opencode_nexus.fleet.errors import ProjectMissing
from opencode_nexus.install.errors import NetworkGone, OpenCodeNotFound
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.setup import checks
from opencode_nexus.setup.errors import CheckStops, StepMissing
from tests.fakes import tiny_program
from tests.unit.web.setup_rig import Rig, Server

pytestmark = pytest.mark.anyio

PASSWORD = "Correct7horse"


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr("opencode_nexus.install.find._SYSTEM_PLACES", ())
    monkeypatch.setattr(checks, "TARGETS", (("127.0.0.1", 9),))
    made = Rig(tmp_path)
    (tmp_path / "project").mkdir()
    async with made.services():
        yield made


@pytest.fixture
def opencode(rig: Rig, request: pytest.FixtureRequest) -> Path:
    """An OpenCode on PATH."""
    path = rig.path / "opencode"
    if tiny_program.available():
        path.write_bytes(tiny_program.program())
        path.chmod(0o755)
    else:
        path.symlink_to(request.getfixturevalue("opencode_binary"))
    return path


def answers(rig: Rig, **other: Any) -> dict[str, Any]:
    return {"owner": "ada", "password": PASSWORD, "project": str(rig.folder / "project"), **other}


async def test_everything_at_once_and_once_more(rig: Rig, opencode: Path) -> None:
    first = await rig.wizard.apply(**answers(rig), practice=True)
    assert (first.created, first.started, first.server_id) == (True, True, "srv_1")
    assert (first.version, first.practice) == ("1.18.33", True)
    assert any(warning.startswith("Network: ") for warning in first.warnings)
    assert rig.wizard.done
    assert rig.wizard.step is None
    second = await rig.wizard.apply(**answers(rig))
    assert (second.created, second.server_id, second.practice) == (False, "srv_1", True)
    assert len(rig.fleet.servers) == 1
    await rig.wizard.apply(**answers(rig), practice=False)
    assert not rig.practice.enabled


async def test_a_new_project_joins_the_present_server(rig: Rig, opencode: Path) -> None:
    await rig.wizard.apply(**answers(rig))
    (rig.folder / "other").mkdir()
    again = await rig.wizard.apply(**answers(rig, project=str(rig.folder / "other")))
    assert again.server_id == "srv_1"
    assert rig.fleet.servers[0].projects == (str(rig.folder / "project"), str(rig.folder / "other"))


async def test_a_server_that_runs_is_left_alone(rig: Rig, opencode: Path) -> None:
    rig.fleet.servers = [Server("srv_9", "Mine", (str(rig.folder / "project"),), "running")]
    assert (await rig.wizard.apply(**answers(rig))).server_id == "srv_9"
    assert rig.fleet.started == []


async def test_without_a_hub_nothing_is_started(rig: Rig, opencode: Path) -> None:
    outcome = await rig.wizard.apply(**answers(rig), start=False)
    assert (outcome.started, rig.fleet.started, rig.fleet.autostart) == (False, [], [True])


async def test_without_a_hub_a_pasted_token_opens_with_the_hub_once_the_set_up_is_finished(
    rig: Rig, opencode: Path
) -> None:
    await rig.wizard.set_remote("token", Secret("eyJhIjoib"))
    assert [info.config.autostart for info in rig.tunnels.list()] == [False]
    await rig.wizard.apply(**answers(rig), start=False)
    assert ([info.config.autostart for info in rig.tunnels.list()], rig.tunnels.started) == ([True], [])


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"owner": "a"}, UserNameBad),
        ({"password": "weak"}, PasswordWeak),
        ({"project": "/nowhere/at/all"}, ProjectMissing),
        ({"opencode": "/nowhere/opencode"}, OpenCodeNotFound),
    ],
)
async def test_a_wrong_answer_makes_nothing(
    rig: Rig, opencode: Path, wrong: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await rig.wizard.apply(**answers(rig, **wrong))
    assert not rig.access.has_owner()
    assert rig.fleet.servers == []
    assert not rig.wizard.done


@pytest.mark.parametrize(
    ("other", "said"), [({"password": "Wrong7horse"}, "with another password"), ({"owner": "eve"}, "It is 'ada'")]
)
async def test_the_owner_is_never_replaced(rig: Rig, opencode: Path, other: dict[str, str], said: str) -> None:
    await rig.wizard.apply(**answers(rig))
    with pytest.raises(OwnerExists, match=said):
        await rig.wizard.apply(**answers(rig, **other))


async def test_without_network_and_without_opencode_it_says_so(rig: Rig) -> None:
    with pytest.raises(NetworkGone):
        await rig.wizard.apply(**answers(rig))
    assert not rig.access.has_owner()


async def test_a_check_that_stops_makes_nothing(rig: Rig, opencode: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LITTLE_DISK", 1 << 62)
    monkeypatch.setattr(checks, "DISK", 1 << 62)
    with pytest.raises(CheckStops, match="Free disk space"):
        await rig.wizard.apply(**answers(rig))
    assert not rig.access.has_owner()


async def test_finish_needs_an_owner(rig: Rig, opencode: Path) -> None:
    with pytest.raises(StepMissing):
        await rig.wizard.finish()
    assert rig.wizard.step == "Welcome"


async def test_two_that_finish_at_once_get_the_same_chat(rig: Rig, opencode: Path) -> None:
    await rig.wizard.apply(**answers(rig), start=False)
    made: list[str] = []

    async def chat(server: Any) -> str:
        await asyncio.sleep(0)
        made.append(server.id)
        return f"ses_{len(made)}"

    both = await asyncio.gather(rig.wizard.open_first(chat), rig.wizard.open_first(chat))
    assert [session for _, session in both] == ["ses_1", "ses_1"]
    assert made == ["srv_1"]
    rig.fleet.fails = StepMissing()
    with pytest.raises(StepMissing):
        await rig.wizard.open_first(chat)
    rig.fleet.fails = None
    assert (await rig.wizard.open_first(chat))[1] == "ses_2"  # a failed one can be tried again

# SPDX-License-Identifier: MIT
"""A tunnel that was asked for at Cloudflare, and whose answer never came: it is found again by its name."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.core.errors import NexusError
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.providers.cloudflare.errors import CloudflareDown, HalfMade, NameTaken
from tests.fakes import tiny_cloudflared
from tests.fakes.cloudflare_api import CloudflareApi, Fault, refusal
from tests.fakes.manager import ManagerUnderTest

pytestmark = pytest.mark.anyio

BROKEN = refusal((500, 10001, "Internal error"))


@pytest.fixture
def api() -> Any:
    with CloudflareApi() as api:
        yield api


@pytest.fixture
async def rig(tmp_path: Path, api: CloudflareApi) -> AsyncIterator[ManagerUnderTest]:
    rig = await opened(tmp_path / "one", api)
    yield rig
    await rig.close()


async def opened(root: Path, api: CloudflareApi) -> ManagerUnderTest:
    root.mkdir(exist_ok=True)
    rig = ManagerUnderTest(root, tiny_cloudflared.install(root))
    rig.account = Account(api.base, pause=0.0)
    return await rig.open()


def chosen(api: CloudflareApi) -> dict[str, Any]:
    account = api.account("Ada's account")
    zone = api.zone("example.com", account)
    where = {"account": account, "zone": zone, "hostname": "code.example.com", "kind": "api"}
    return {**where, "secret": Secret(api.token())}


async def killed(rig: ManagerUnderTest, api: CloudflareApi, to: Path, **config: Any) -> ManagerUnderTest:
    """The hub as it is after it was killed while Cloudflare made the tunnel: what was on its disk then, opened again.

    The one that lives gives up as well, and can take nothing back.
    """
    hold = threading.Event()
    api.faults.append(Fault("POST", "/cfd_tunnel", act=True, hold=hold))
    making = asyncio.create_task(rig.add("code", **config))
    assert await asyncio.to_thread(api.reached.wait, 10)
    shutil.copytree(rig.home, to / "nexus")
    with closing(sqlite3.connect(rig.home / "nexus.db")) as here, closing(sqlite3.connect(to / "kept.db")) as there:
        here.backup(there)
    for old in (to / "nexus").glob("nexus.db*"):
        old.unlink()
    (to / "kept.db").rename(to / "nexus" / "nexus.db")
    api.faults.append(Fault("GET", "/cfd_tunnel", BROKEN))
    making.cancel()
    await asyncio.wait({making})
    hold.set()
    return await opened(to, api)


async def test_what_a_killed_hub_asked_for_goes_with_the_tunnel_and_nothing_else(
    rig: ManagerUnderTest, api: CloudflareApi, tmp_path: Path
) -> None:
    config = chosen(api)
    theirs = api.tunnel(config["account"], "code")
    again = await killed(rig, api, tmp_path / "two", **config)
    assert len(api.living) == 2
    (info,) = again.manager.list()
    with pytest.raises(HalfMade, match="broken off"):
        await again.manager.start_tunnel(info.id)
    where = {name: getattr(info.config, name) for name in ("hostname", "account", "zone")}
    await again.manager.change_tunnel(info.id, TunnelConfig("renamed", "api", **where))
    await again.manager.remove_tunnel(info.id)
    assert (api.living, again.manager.list(), again.vault.names()) == ([theirs], [], [])
    await again.close()


async def test_one_that_was_never_made_is_removed_as_well(
    rig: ManagerUnderTest, api: CloudflareApi, tmp_path: Path
) -> None:
    again = await killed(rig, api, tmp_path / "two", **chosen(api))
    (info,) = again.manager.list()
    api.tunnels.clear()
    await again.manager.remove_tunnel(info.id)
    assert (again.manager.list(), [call for call in api.calls if call.startswith("DELETE")]) == ([], [])
    await again.close()


async def test_one_that_could_not_be_looked_for_stays_to_be_removed(rig: ManagerUnderTest, api: CloudflareApi) -> None:
    config = chosen(api)
    api.faults += [Fault("POST", "/cfd_tunnel", act=True)]
    api.faults += [Fault("GET", "/cfd_tunnel", answer) for answer in ((200, {"success": True, "result": []}), BROKEN)]
    with pytest.raises(HalfMade):
        await rig.add("code", **config)
    (info,) = rig.manager.list()
    await rig.manager.remove_tunnel(info.id)
    assert (api.living, rig.manager.list()) == ([], [])


@pytest.mark.parametrize(("fault", "error"), [
    (Fault("POST", "/cfd_tunnel", BROKEN), CloudflareDown),
    (Fault("POST", "/cfd_tunnel", refusal((409, 1013, "You already have a tunnel with this name."))), NameTaken),
])  # fmt: skip
async def test_one_that_is_not_there_is_not_kept(
    rig: ManagerUnderTest, api: CloudflareApi, fault: Fault, error: type[NexusError]
) -> None:
    config = chosen(api)
    api.faults.append(fault)
    with pytest.raises(error):
        await rig.add("code", **config)
    assert (rig.manager.list(), rig.store.all(), rig.vault.names(), api.living) == ([], [], [], [])


async def test_it_has_a_name_there_that_nobody_else_gives(rig: ManagerUnderTest, api: CloudflareApi) -> None:
    config = chosen(api)
    tunnel_id = await rig.add("code", **config)
    (made,) = api.living
    assert made["name"].startswith("code-") and len(made["name"]) == len("code-") + 8
    assert rig.manager.get(tunnel_id).config.asked == ""

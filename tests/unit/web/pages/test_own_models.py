# SPDX-License-Identifier: MIT
"""The own model servers on the settings pages: seen, changed, removed."""

from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.chat.errors import OwnServerUnknown, ProviderInvalid, SessionsRunning
from opencode_nexus.chat.own_servers import OwnServer
from tests.unit.web.pages.conftest import BASE, Desk, words

pytestmark = pytest.mark.anyio

ZED = OwnServer("zed", "Zed <1>", "http://127.0.0.1:9/v1", ("a", "b"))


@pytest.fixture
async def desk(desk: Desk) -> Desk:  # the same one, signed in, with a model server that was added
    await desk.sign_in()

    async def own_servers(server_id: str) -> list[OwnServer]:
        return [ZED]

    def keep(name: str) -> Any:
        async def work(*given: Any) -> None:
            desk.calls.append((name, *given))

        return work

    chat = desk.hub.chat
    chat.own_servers, chat.change_own, chat.remove_own = own_servers, keep("change"), keep("remove")
    return desk


async def test_those_that_were_added_are_found_from_the_settings(desk: Desk) -> None:
    assert f'href="{BASE}/settings/models"' in (await desk.get("/settings")).text
    page = await desk.get("/settings/models")
    for text in ("Zed &lt;1&gt;", "http://127.0.0.1:9/v1", "a, b", f'href="{BASE}/settings/models/zed"'):
        assert text in page.text
    form = (await desk.get("/settings/models/zed")).text
    for value in ("Zed &lt;1&gt;", "http://127.0.0.1:9/v1", "a, b"):
        assert f'value="{value}"' in form
    assert f'method="post" action="{BASE}/settings/models/zed/remove"' in form
    assert (await desk.get("/settings/models/none")).status_code == 404


async def test_one_is_changed_and_removed(desk: Desk) -> None:
    given = {"name": "Zed", "address": "http://127.0.0.1:8/v1", "models": "b, ,c", "key": "sk-1"}
    answer = await desk.post("/settings/models/zed", **given)
    assert answer.headers["location"] == f"{BASE}/settings/models?said=changed"
    assert "The model server is changed." in words(await desk.get("/settings/models?said=changed"))
    answer = await desk.post("/settings/models/zed/remove")
    assert answer.headers["location"] == f"{BASE}/settings/models?said=removed"
    change = ("change", "srv_1", "zed", "Zed", "http://127.0.0.1:8/v1", "sk-1", ["b", "c"])
    assert desk.calls == [change, ("remove", "srv_1", "zed")]


@pytest.mark.parametrize("error", [ProviderInvalid("'htp:x' is no address."), SessionsRunning(), OwnServerUnknown()])
async def test_what_cannot_be_done_is_told_with_what_was_typed(desk: Desk, error: Any) -> None:
    async def refuse(*given: Any) -> None:
        raise error

    desk.hub.chat.change_own = desk.hub.chat.remove_own = refuse
    typed = {"name": "Zeta", "address": "htp:x", "models": "m", "key": "sk-secret"}
    for answer in (await desk.post("/settings/models/zed", **typed), await desk.post("/settings/models/zed/remove")):
        assert answer.status_code == error.status
        assert error.title.rstrip(".") in words(answer)
        assert "sk-secret" not in answer.text
    if error.status != 404:
        again = (await desk.post("/settings/models/zed", **typed)).text
        assert all(f'value="{typed[name]}"' in again for name in ("name", "address", "models"))


async def test_without_a_running_server_the_page_says_what_to_do(desk: Desk) -> None:
    desk.hub.fleet.list = lambda: [SimpleNamespace(id="srv_1", name="Work", state="stopped")]
    assert "Start one of its servers to see them." in words(await desk.get("/settings/models"))
    assert (await desk.post("/settings/models/zed/remove")).status_code == 409

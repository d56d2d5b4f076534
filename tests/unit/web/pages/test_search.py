# SPDX-License-Identifier: MIT
"""The search's page, palette and API over a real index, without servers."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from opencode_nexus.chat.search.documents import GIVEN, SAID, document_of
from opencode_nexus.chat.search.index import SearchIndex
from opencode_nexus.chat.search.search import Search
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import ManualClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.hub import Live
from opencode_nexus.render.page import environment
from opencode_nexus.store.search_rows import Document, Facts, Rows
from opencode_nexus.web.api.application import application
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import palette, search
from opencode_nexus.web.problems import HANDLERS
from opencode_nexus.web.static import StaticFiles
from tests.fakes.one_server import SERVER, OneServer

pytestmark = pytest.mark.anyio

BASE, AT = "/nexus", 1_700_000_000_000
EVIL = '<script>alert(1)</script> "><img src=x onerror=alert(2)> \u202equokka'


@dataclass
class Desk:
    """The pages and the API under a base path, and their index."""

    index: SearchIndex
    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(
            BASE + path, headers={name.replace("_", "-"): one for name, one in headers.items()}
        )

    async def json(self, path: str) -> Any:
        return (await self.get("/api/v1/" + path)).raise_for_status().json()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    bus, tasks = Bus(clock), Tasks()
    servers = OneServer(bus, "/code/shop")
    index = SearchIndex(tmp_path / "search.db", servers=servers, journal=None, bus=bus, clock=clock)  # type: ignore[arg-type]
    await index.open()

    def fill(rows: Rows) -> None:
        rows.learn(Facts("ses_1", SERVER, None, "/code/shop", "Evil <b>title</b>", AT, AT))
        rows.learn(Facts("ses_2", SERVER, "ses_1", "/code/shop", "Kid", AT, AT))
        rows.put("ses_1", [Document("msg_1", "prt_1", "user", "", AT, EVIL)])
        rows.put("ses_2", [Document("msg_2", "prt_2", "tool", "bash", AT + 5000, "rm quokka.txt")])
        many = [Document(f"msg_m{n}", f"prt_m{n}", "agent", "", AT + 9000 + n, "wombat") for n in range(25)]
        rows.put("ses_1", many)

    await index._store.write(fill)
    static = StaticFiles()
    hub = SimpleNamespace(
        search=Search(index, servers), fleet=servers, bus=bus, live=Live(bus.boot, tasks), clock=clock,
        pages=Pages(environment(), static), settings=Settings(home=tmp_path, base_path=BASE),
    )  # fmt: skip
    hub.live.register("search", lambda rest: search.SearchSource(hub))  # type: ignore[arg-type]
    routes = [*search.routes, *palette.routes, Mount("/api/v1", application())]
    inner = Starlette(routes=routes, exception_handlers=dict(HANDLERS))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = BASE
        scope.setdefault("state", {})["hub"] = hub
        await inner(scope, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        yield Desk(index, client)
    await hub.live.close()
    await tasks.close()
    await index.close()


async def test_what_was_said_stays_text(desk: Desk) -> None:
    page = (await desk.get("/search?q=quokka")).text
    assert "<script>alert" not in page and "<img src=x" not in page and "<b>title</b>" not in page
    assert html.escape("<script>alert(1)</script>", quote=False) in page
    assert "⟨U+202E⟩" in page  # it would turn the rest of the line around
    assert page.count("<mark>quokka</mark>") == 2
    assert "Sub-agent" in page
    assert f'href="{BASE}/chat/{SERVER}/ses_1?at_message=msg_1&amp;at={AT}#msg_1"' in page


async def test_filters_and_pages_of_hits(desk: Desk) -> None:
    page = (await desk.get("/search?q=quokka&tool=bash")).text
    assert page.count("<mark>quokka</mark>") == 1 and "1 on" in page and '<option value="bash" selected>' in page
    assert "Nothing found" in (await desk.get("/search?q=quokka&role=agent")).text
    assert "Nothing found" in (await desk.get("/search?q=quokka&from=2025-01-01")).text
    assert "<mark>quokka</mark>" in (await desk.get("/search?q=quokka&from=2023-11-14&to=2023-11-15")).text
    first = (await desk.get("/search?q=wombat")).text
    following = html.unescape(re.findall(r'href="([^"]+)" rel="next"', first)[0])
    second = (await desk.client.get(following)).text
    assert (first.count("<mark>wombat"), second.count("<mark>wombat")) == (20, 5)
    assert 'rel="next"' not in second


@pytest.mark.parametrize("typed", ['"', "-", "a*b OR (", "\ud83d\ude00", "%00", "x" * 5000, "'--", "from=99999-99-99"])
async def test_no_input_breaks_a_page(desk: Desk, typed: str) -> None:
    typed = typed.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for path in ("/search", "/palette", "/api/v1/search"):
        fields = {"q": typed, "from": typed if path == "/search" else "1", "tool": typed}
        answer = await desk.client.get(BASE + path, params=fields, headers={"X-Nexus": "part"})
        assert answer.status_code == 200, (path, typed)
    assert (await desk.get("/search?before=nonsense")).status_code == 303


async def test_a_part_is_the_hits_alone(desk: Desk) -> None:
    part = (await desk.get("/search?q=wom", X_Nexus="part")).text
    assert "<mark>wombat</mark>" in part and "<html" not in part
    assert 'data-said="20 found, and there are more"' in part


async def test_signs_alone_are_not_looked_for_and_that_is_said(desk: Desk) -> None:
    """They showed the newest chats, as if these had been found."""
    for typed in ("->", '"', "%F0%9F%9A%80", "->&role=agent"):
        part = (await desk.get(f"/search?q={typed}", X_Nexus="part")).text
        assert "No word to search for" in part and "wombat" not in part, typed
        found = await desk.json(f"search?q={typed}")
        assert found["no_word"] and not found["items"], typed
    assert "wombat" not in (await desk.get("/palette?q=->", X_Nexus="part")).text
    newest = await desk.json("search?role=agent")
    assert newest["items"] and not newest["no_word"]


async def test_the_page_says_how_much_of_a_long_output_is_searched(desk: Desk) -> None:
    """Its figures are the index's own: the last word that is in it is found, the next one is not."""
    page = (await desk.get("/search")).text
    found = re.search(r"gave back the first ([\d,]+) and the last ([\d,]+) characters", page)
    assert found
    first, last = (int(one.replace(",", "")) for one in found.groups())
    back = f"{'x ' * (first // 2 - 3)}quoll {'y ' * first}dingo {'z ' * (last // 2)}"
    state = {"status": "completed", "input": {}, "output": back, "time": {"start": 1, "end": 2}}
    part = {"id": "prt_1", "messageID": "msg_1", "sessionID": "ses_1", "type": "tool", "tool": "t", "state": state}
    made = document_of(part, "assistant", 1000)
    assert made is not None and "quoll" in made.text and "dingo" not in made.text
    assert f"{GIVEN:,}" in page and f"{SAID:,}" in page


async def test_the_palette_offers_pages_chats_and_hits(desk: Desk) -> None:
    plain = (await desk.get("/palette", X_Nexus="part")).text
    assert "Recent chats" in plain and f'href="{BASE}/inbox"' in plain and ">Kid<" not in plain
    typed = (await desk.get("/palette?q=quok", X_Nexus="part")).text
    assert typed.count("<mark>quokka</mark>") == 2 and f'href="{BASE}/inbox"' not in typed
    assert "Dark colours" in (await desk.get("/palette?q=dark", X_Nexus="part")).text
    assert (await desk.get("/palette?q=quok")).status_code == 303


async def test_the_keys_are_a_page_and_a_part(desk: Desk) -> None:
    assert "Ctrl+K" in (await desk.get("/help/shortcuts")).text
    assert "<html" not in (await desk.get("/help/shortcuts", X_Nexus="part")).text


async def test_the_api_tells_where_the_words_stand(desk: Desk) -> None:
    found = await desk.json("search?q=quokka&tool=bash")
    (hit,) = found["items"]
    assert (hit["session_id"], hit["root_id"], hit["message_id"], hit["role"]) == ("ses_2", "ses_1", "msg_2", "tool")
    assert [hit["snippet"][start:end] for start, end in hit["marks"]] == ["quokka"]
    assert hit["url"] == f"/chat/{SERVER}/ses_2?at_message=msg_2&at={AT + 5000}#msg_2"
    assert hit["created"] == (AT + 5000) / 1000 and not found["newest_only"] and found["next"] is None
    page = await desk.json("search?q=wombat&limit=20")
    rest = await desk.json(f"search?q=wombat&limit=20&before={page['next']}")
    assert len(page["items"]) == 20 and len(rest["items"]) == 5
    assert len(await _items(desk, f"search?from={AT / 1000 + 5}&to={AT / 1000 + 6}")) == 1
    assert len(await _items(desk, "search?role=tool")) == 1
    assert (await desk.get("/api/v1/search?role=nobody")).status_code == 400
    assert (await desk.get("/api/v1/search?before=x")).json()["code"] == "cursor-unknown"


async def _items(desk: Desk, path: str) -> list[Any]:
    found: list[Any] = (await desk.json(path))["items"]
    return found


async def test_status_and_making_anew(desk: Desk) -> None:
    status = await desk.json("search/status")
    assert (status["messages"], status["sessions"], status["problem"]) == (27, 2, "")
    answer = await desk.client.post(BASE + "/search/rebuild", headers={"X-Nexus": "live"})
    assert "anew" in answer.json()["say"]
    assert (await desk.json("search/status"))["rebuilding"]
    assert (await desk.client.post(BASE + "/api/v1/search/rebuild")).status_code == 202
    while (await desk.json("search/status"))["rebuilding"]:
        pass
    assert len(await _items(desk, "search?q=quokka")) == 2  # no server runs that could be asked: all of it was kept


async def test_an_index_that_cannot_be_opened_says_so(tmp_path: Path, desk: Desk) -> None:
    await desk.index.close()
    page = await desk.get("/search?q=quokka")
    assert page.status_code == 200 and "cannot be used" in page.text
    assert (await desk.get("/api/v1/search?q=quokka")).json()["code"] == "search-unusable"
    assert "cannot be used" in (await desk.get("/palette?q=x", X_Nexus="part")).text

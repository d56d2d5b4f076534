# SPDX-License-Identifier: MIT
"""The logs' pages and API: filtered, followed, paged, downloaded; what a page tells of itself is bounded."""

import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from opencode_nexus.access.who import Who
from opencode_nexus.app import composed
from opencode_nexus.live.channel import Channel
from opencode_nexus.observe.log_entry import Entry
from opencode_nexus.observe.log_query import LogQuery
from opencode_nexus.observe.page_errors import EACH
from opencode_nexus.store.home import Home
from opencode_nexus.web.api import logs as api
from opencode_nexus.web.application import Application
from opencode_nexus.web.context import Hub
from opencode_nexus.web.pages.logs_view import MOST, PAGE
from tests.leaks import remember

pytestmark = pytest.mark.anyio

KEY, BASE = remember("local-key-of-the-logs"), "/nexus"
SERVER, CRASH = "srv_0mx0sdzdkttgjetknqtp", "20260101-000000-7"


@dataclass
class Site:
    hub: Hub
    client: httpx2.AsyncClient
    folder: Path

    async def text(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def log(self, *messages: str, level: str = "info", part: str = "app") -> None:
        """As the thread that writes does."""
        for message in messages:
            self.hub.logs.write(Entry(None, level, part, message))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Site]:
    home = Home(folder)
    home.prepare()
    async with composed(home, {"home": str(folder), "base_path": BASE}, {}, local_token=KEY) as hub:
        await hub.stored.set("setup", {"done": True})
        transport = httpx2.ASGITransport(app=Application(hub, hub.pages.static), client=("127.0.0.1", 5000))
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url=f"http://localhost:4600{BASE}", headers=headers
        ) as client:
            yield Site(hub, client, home.path / "logs")
        await hub.live.close()


@pytest.fixture
async def site(tmp_path: Path, home: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path / "nexus") as site:
        yield site


async def frames(channel: Channel, count: int) -> list[list[Any]]:
    """The patches of a topic, once there are as many frames."""
    with anyio.fail_after(30):
        while channel.seq < count:
            channel.flush()
            await anyio.lowlevel.checkpoint()
    told = channel.since(0)
    assert told is not None
    return [change for line in told.splitlines() for change in json.loads(line)[1]]


async def test_a_page_shows_the_newest_first_and_follows(site: Site) -> None:
    site.log("one", "two <b>")
    site.hub.logs.write(Entry(None, "error", "web", "three", SERVER, "web.x", "Traceback of <it>"))
    text = await site.text("/logs")
    assert text.index(">three<") < text.index("two &lt;b&gt;") < text.index(">one<")
    assert "Traceback of &lt;it&gt;" in text
    assert 'data-topic="logs:"' in text
    channel = await site.hub.live.open("logs:")
    site.log("four")
    ((name, key, html),) = await frames(channel, 1)
    assert (name, "four" in html) == ("before", True)
    assert f'data-k="{key}"' in text  # it stands before what the page has as its first
    assert (await site.text("/logs")).count("<li data-k=") == 4


async def test_filters_hold_for_what_is_there_and_what_comes(site: Site) -> None:
    site.log("seen", level="warning", part="page")
    site.log("unseen", level="info", part="page")
    text = await site.text("/logs?level=warning&part=page&q=seen")
    assert "<mark>seen</mark>" in text
    assert "unseen" not in text
    channel = await site.hub.live.open("logs:q=seen&level=warning&part=page")
    site.log("unseen as well", level="warning")
    site.log("not looked for", level="error", part="page")
    site.log("also seen", level="error", part="page")
    ((name, _, html),) = await frames(channel, 1)
    assert name == "before"
    assert "also <mark>seen</mark>" in html


async def test_an_empty_log_says_so_until_something_comes(site: Site) -> None:
    assert "Nothing in the logs fits that." in await site.text("/logs?level=error")
    channel = await site.hub.live.open("logs:level=error")
    site.log("at last", level="error")
    changes = await frames(channel, 1)
    assert [change[:2] for change in changes] == [["remove", "none"], ["append", "rows"]]


async def test_a_page_that_follows_does_not_grow_without_end(site: Site) -> None:
    site.log(*(f"entry {number}" for number in range(PAGE)))
    channel = await site.hub.live.open("logs:")
    for start in range(0, 2 * MOST, 50):
        site.log(*(f"later {number}" for number in range(start, start + 50)))
        await frames(channel, channel.seq + 1)
    assert channel.snapshot()[1].count("<li ") == MOST


async def test_older_pages_hold_everything_once(site: Site) -> None:
    site.log(*(f"entry {number:03}." for number in range(2 * PAGE + 10)))
    path, seen = "/logs", list[str]()
    while path:
        text = await site.text(path)
        seen += [number for number in map("{:03}".format, range(2 * PAGE + 10)) if f"entry {number}." in text]
        _, there, rest = text.partition('href="/nexus/logs?before=')
        path = "/logs?before=" + rest.partition('"')[0] if there else ""
        assert ("data-topic" in text) is (len(seen) == PAGE)  # only the newest page follows
    assert sorted(seen) == [f"{number:03}" for number in range(2 * PAGE + 10)]


async def test_a_paused_page_does_not_follow(site: Site) -> None:
    site.log("one")
    text = await site.text("/logs?paused=1&level=info")
    assert "data-topic" not in text
    assert 'href="/nexus/logs?level=info"' in text  # the way to follow again
    assert "one" in text


@pytest.mark.parametrize("query", ["level=loud", "part=flet", "before=x"])
async def test_what_cannot_be_asked_for_says_so_on_the_page(site: Site, query: str) -> None:
    assert "The logs cannot be searched like that." in await site.text(f"/logs?{query}", 400)


async def test_the_output_of_a_server_is_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.observe.log_feed.LOOK", 0.0)
    output = site.folder / "servers" / f"{SERVER}.log"
    output.write_text("before\n")
    text = await site.text(f"/logs?server={SERVER}")
    assert "before" in text
    channel = await site.hub.live.open(f"logs:server={SERVER}")
    with output.open("a") as file:
        file.write("token=abcdef after\n")
    ((name, _, html),) = await frames(channel, 1)
    assert name == "before"
    assert "token=••• after" in html


async def test_the_bundle_and_the_crash_reports(site: Site) -> None:
    site.log("in the bundle")
    (site.folder / "crashes").mkdir()
    (site.folder / "crashes" / f"{CRASH}.txt").write_text("it ended <badly>")
    for path in ("/logs/bundle", "/api/v1/logs/bundle"):
        answer = await site.client.get(path)
        assert answer.headers["content-type"] == "application/zip"
        whole = zipfile.ZipFile(io.BytesIO(answer.content))
        assert b"in the bundle" in whole.read("logs/hub.log")
        assert f"logs/crashes/{CRASH}.txt" in whole.namelist()
    assert f"/logs/crashes/{CRASH}" in await site.text("/logs")
    assert "it ended &lt;badly&gt;" in await site.text(f"/logs/crashes/{CRASH}")
    file = await site.client.get(f"/logs/crashes/{CRASH}/file")
    assert (file.text, "attachment" in file.headers["content-disposition"]) == ("it ended <badly>", True)
    (report,) = (await site.client.get("/api/v1/logs/crashes")).json()["items"]
    assert (report["name"], report["text"]) == (CRASH, "it ended <badly>")
    for name in ("20260101-000000-8", "..%2Fhub", "running"):
        await site.text(f"/logs/crashes/{name}", 404)


async def test_the_api_lists_searches_and_pages(site: Site) -> None:
    site.log("one", "two", "three", level="warning", part="fleet")
    first = (await site.client.get("/api/v1/logs", params={"part": "fleet", "limit": 2})).json()
    assert [item["message"] for item in first["items"]] == ["three", "two"]
    asked = {"part": "fleet", "limit": 2, "before": first["next"]}
    second = (await site.client.get("/api/v1/logs", params=asked)).json()
    assert ([item["message"] for item in second["items"]], second["next"]) == (["one"], None)
    assert second["items"][0] == {
        "at": None, "level": "warning", "part": "fleet", "server": "", "message": "one", "where": "", "trace": "",
    }  # fmt: skip
    refused = await site.client.get("/api/v1/logs", params={"level": "loud"})
    assert (refused.status_code, refused.json()["code"]) == (400, "log-query-unusable")
    files = (await site.client.get("/api/v1/logs/files")).json()
    assert files["items"][0]["name"] == "hub.log"
    assert files["total"] == sum(item["size"] for item in files["items"]) > 0
    assert (files["cap"], files["days"]) == (200_000_000, 30)


async def test_the_tail_begins_with_the_newest_and_says_goodbye(site: Site) -> None:
    site.log("one", "two", "three")
    who = Who("this machine", "local")
    site.hub.access.holds = lambda who: True  # type: ignore[method-assign]
    said: list[str] = []
    stream = api.stream(site.hub, who, LogQuery(), 2, lambda: said.append("farewell"))

    async def told() -> list[Any]:
        piece = (await anext(stream)).decode()
        blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in piece.split("\n\n")[:-1]]
        return [(block["event"], json.loads(block["data"]).get("message", "")) for block in blocks]

    assert await told() == [("entry", "two"), ("entry", "three")]
    site.log("four", "five")
    assert await told() == [("entry", "four"), ("entry", "five")]
    site.hub.access.holds = lambda who: False  # type: ignore[method-assign]
    site.log("not for strangers")
    assert await told() == [("bye", "")]
    assert said == ["farewell"]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_pages_tell_of_their_errors_so_many_times(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def tell(**more: Any) -> int:
        return (await site.client.post("/logs/page", json=more)).status_code

    caplog.set_level(logging.ERROR, "opencode_nexus.page")
    assert await tell(message="boom", page="/chat", place="wire.js:1:2", stack="at f", more=[1]) == 204
    assert "boom (at wire.js:1:2, on /chat)" in caplog.text
    assert [await tell(**wrong) for wrong in ({}, {"message": " "}, {"message": 3})] == [400] * 3
    assert await tell(message="x" * 9000) == 413
    assert (await site.client.post("/logs/page", content="no json")).status_code == 400
    for _ in range(EACH + 3):
        assert await tell(message="boom") == 204
    assert len([record for record in caplog.records if record.name == "opencode_nexus.page"]) == EACH

# SPDX-License-Identifier: MIT
"""Links and images on other sites can send a GET with our cookie (Lax), so none may change anything.

Every route of the real application is asked, signed in, with a server that runs: once without a chat, once with one.
Looked at are what OpenCode was told, what lies in the database and in the home, and whether the login still holds.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.fleet.state import ServerState
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.web.routes import routes
from tests.e2e import test_closed
from tests.e2e.test_closed import OWNER, PASSWORD, Site, opened
from tests.fakes.fake_opencode import PASSWORD as SECRET
from tests.fakes.fake_opencode import FakeOpenCode
from tests.fakes.one_server import Reached

pytestmark = pytest.mark.anyio

SESSION, MESSAGE, PART = "ses_1", "msg_1", "prt_1"
MOVES = {"last_seen", "last_used"}  # columns that say when somebody looked


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenCode]:
    info = {"id": SESSION, "title": "One", "directory": "/project", "time": {"created": 1000, "updated": 2000}}
    part = {"id": PART, "messageID": MESSAGE, "sessionID": SESSION, "type": "text", "text": "said", "time": {"end": 2}}
    head = {"id": MESSAGE, "role": "assistant", "sessionID": SESSION, "time": {"created": 1000, "completed": 2000}}
    own = {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": "http://127.0.0.1:9/v1"}, "models": {"m": {}}}
    answers = {
        "GET /session": [],
        f"GET /session/{SESSION}": info,
        f"GET /session/{SESSION}/message": [{"info": head, "parts": [part]}],
        f"GET /session/{SESSION}/todo": [],
        f"GET /session/{SESSION}/children": [],
        "GET /config": {},
        "GET /config/providers": {"providers": [], "default": {}},
        "GET /global/config": {"provider": {"x1": own}},
        "GET /agent": [],
        "POST /session": info,
    }
    async with FakeOpenCode(**answers) as fake:
        yield fake


def kept(home: Path) -> dict[str, Any]:
    """What the hub keeps: every row of its database, and every other file."""
    found: dict[str, Any] = {}
    with sqlite3.connect(f"file:{home / 'nexus.db'}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = db.execute(f"SELECT * FROM {table}").fetchall()
            found[table] = sorted(repr({k: row[k] for k in row.keys() if k not in MOVES}) for row in rows)  # noqa: SIM118 - a Row is no dict
    for file in sorted(home.rglob("*")):
        # the search index follows OpenCode by itself, whoever looks
        if file.is_file() and not file.name.startswith(("nexus.db", "search.db")):
            found[str(file)] = file.read_bytes()
    return found


async def runs(site: Site, fake: FakeOpenCode, monkeypatch: pytest.MonkeyPatch, project: Path) -> ServerState:
    """Let the fleet have a server that the fake plays."""
    fleet = site.hub.fleet
    project.mkdir()
    made = await fleet.add("One", [str(project)], autostart=False)
    state = replace(made, state="running", pid=1, started=1.0)
    monkeypatch.setattr(fleet, "get", lambda server_id: state)
    monkeypatch.setattr(fleet, "list", lambda: [state])
    monkeypatch.setattr(fleet, "access", lambda server_id: Reached(fake.url, "opencode", Secret(SECRET)))
    await site.hub.search.index.open()
    await site.hub.chat.open()
    site.hub.bus.publish("server", state)
    live = site.hub.chat.feeds.connection(state.id)
    assert live is not None
    async with asyncio.timeout(20):
        await live.reconciled.wait()
    return state


@pytest.mark.parametrize("chats", [False, True])
async def test_no_route_changes_anything_for_a_get(
    fake: FakeOpenCode, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, chats: bool
) -> None:
    names = {"session": SESSION, "session_id": SESSION, "message": MESSAGE, "part": PART}

    def filled(path: str) -> str:
        path = re.sub(r"/servers/{\w+}", f"/servers/{names.get('server', 'x1')}", path)
        return re.sub(r"{(\w+)(:\w+)?}", lambda found: names.get(found[1], "1" if found[2] == ":int" else "x1"), path)

    monkeypatch.setattr(test_closed, "filled", filled)
    async with opened(tmp_path / "nexus", "") as site:
        hub = site.hub
        await hub.access.create_owner(OWNER, PASSWORD)
        await hub.stored.set("setup", {"done": True})
        server = await runs(site, fake, monkeypatch, tmp_path / "project")
        names["server"] = server.id
        if chats:
            fake.routes["GET /session"] = [await hub.chat.client(server.id).session(SESSION)]
        table = test_closed.walk(routes(hub.pages.static))
        token = await hub.access.login(OWNER, PASSWORD, "127.0.0.1")
        before, told = kept(tmp_path / "nexus"), len(fake.asked)
        shown = set()
        async with site.client(Cookie=f"nexus={token}", Accept="text/html") as client:
            for entry in table:
                if "GET" in entry.methods:
                    answer = await client.get(entry.path)
                    assert answer.status_code < 500, entry.path
                    shown |= {entry.path} if answer.status_code == 200 else set()
                    writes = [asked[:2] for asked in fake.asked[told:] if asked[0] != "GET"]
                    assert writes == [], entry.path
                    assert hub.access.authenticate(token) is not None, entry.path
        after = kept(tmp_path / "nexus")
        assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == set()
        # it was really looked: these were there to be shown
        chat = f"/chat/{server.id}/{SESSION}"
        for path in ("/", "/settings", "/settings/models/x1", f"/servers/{server.id}", chat, f"{chat}/edit",
                     f"{chat}/part/{MESSAGE}/{PART}", f"/api/v1/servers/{server.id}/sessions", "/search",
                     "/api/v1/search/status"):  # fmt: skip
            assert path in shown, (path, sorted(shown))
        assert (f"/chat/{server.id}" in shown) is not chats  # the form for a new chat, or on to the chat
        assert not hub.search.progress().rebuilding
        await hub.live.close()
        await hub.chat.close()

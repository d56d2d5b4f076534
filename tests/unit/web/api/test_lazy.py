# SPDX-License-Identifier: MIT
"""The API is imported when it is first asked for something, and once."""

import os
import subprocess
import sys
import threading

import anyio
import pytest
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Scope

from opencode_nexus.web.api.lazy import LazyApi
from opencode_nexus.web.api.shares import MODULES


def test_the_route_table_does_not_load_it() -> None:
    code = "import sys, opencode_nexus.web.routes; print('fastapi' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout == "False\n"


def test_its_routes_can_be_walked() -> None:
    mount = Mount("/api/v1", LazyApi())
    paths = {route.path for route in mount.routes if isinstance(route, Route)}
    assert "/openapi.json" in paths


async def asked(api: LazyApi, path: str) -> int:
    """The status with which a GET of a path below /api/v1 is answered."""
    statuses: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Scope = {
        "type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"",
        "root_path": "", "scheme": "http", "server": ("127.0.0.1", 80), "http_version": "1.1",
    }  # fmt: skip
    await api(scope, receive, send)
    return statuses[0]


@pytest.mark.anyio
async def test_requests_at_the_same_moment_get_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[LazyApi] = []
    load = LazyApi._load

    def counted(api: LazyApi, modules: tuple[str, ...]) -> ASGIApp:
        made.append(api)
        return load(api, modules)

    monkeypatch.setattr(LazyApi, "_load", counted)
    api, statuses = LazyApi(), []

    async def ask() -> None:
        statuses.append(await asked(api, "/openapi.json"))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
    assert statuses == [200, 200, 200]
    assert made == [api]


@pytest.mark.anyio
async def test_what_is_loaded_answers_while_more_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, load = threading.Event(), LazyApi._load

    def held(api: LazyApi, modules: tuple[str, ...]) -> ASGIApp:
        if modules == MODULES:
            assert go_on.wait(60)
        return load(api, modules)

    monkeypatch.setattr(LazyApi, "_load", held)
    api = LazyApi()
    assert await asked(api, "/doctor/none") == 404
    async with anyio.create_task_group() as group:
        group.start_soon(asked, api, "/openapi.json")
        while not api._loading.locked():
            await anyio.sleep(0.01)
        with anyio.fail_after(60):
            assert await asked(api, "/doctor/none") == 404
        assert api._loading.locked()
        go_on.set()

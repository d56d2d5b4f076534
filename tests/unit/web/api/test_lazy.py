# SPDX-License-Identifier: MIT
"""The API is imported when it is first asked for something, and once."""

import os
import subprocess
import sys

import anyio
import pytest
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Scope

from opencode_nexus.web.api.lazy import LazyApi


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


@pytest.mark.anyio
async def test_requests_at_the_same_moment_get_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[LazyApi] = []
    load = LazyApi._load

    def counted(api: LazyApi, modules: tuple[str, ...]) -> ASGIApp:
        made.append(api)
        return load(api, modules)

    monkeypatch.setattr(LazyApi, "_load", counted)
    api, statuses = LazyApi(), []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        scope: Scope = {
            "type": "http", "method": "GET", "path": "/openapi.json", "headers": [], "query_string": b"",
            "root_path": "", "scheme": "http", "server": ("127.0.0.1", 80), "http_version": "1.1",
        }  # fmt: skip
        await api(scope, receive, send)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
    assert statuses == [200, 200, 200]
    assert made == [api]

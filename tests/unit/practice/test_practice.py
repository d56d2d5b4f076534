# SPDX-License-Identifier: MIT
"""The practice service: off unless chosen, the same port and key after a restart, the truth when taken."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from opencode_nexus.core.clock import SystemClock
from opencode_nexus.practice.practice import Practice
from opencode_nexus.store.db import Database
from opencode_nexus.store.kv import Kv

pytestmark = pytest.mark.anyio


@pytest.fixture
async def kv(tmp_path: Path) -> AsyncIterator[Kv]:
    db = Database(tmp_path / "nexus.db")
    await db.open()
    yield Kv(db)
    await db.close()


def options(practice: Practice) -> dict[str, str]:
    found = practice.opencode_config()["provider"]["practice"]["options"]
    assert isinstance(found, dict)
    return found


async def models(base_url: str, key: str) -> int:
    async with httpx2.AsyncClient() as client:
        reply = await client.get(f"{base_url}/models", headers={"authorization": f"Bearer {key}"})
        return reply.status_code


async def test_off_unless_chosen(kv: Kv) -> None:
    practice = Practice(kv, SystemClock())
    await practice.open()
    assert not practice.enabled
    assert practice.base_url is None
    assert practice.opencode_config() == {}
    await practice.close()


async def test_port_and_key_outlive_a_restart(kv: Kv) -> None:
    practice = Practice(kv, SystemClock())
    await practice.open()
    await practice.enable()
    first = options(practice)
    assert await models(first["baseURL"], first["apiKey"]) == 200
    assert await models(first["baseURL"], "another") == 401
    await practice.close()

    again = Practice(kv, SystemClock())
    await again.open()
    assert again.enabled
    assert options(again) == first
    assert again.problem == ""
    assert await models(first["baseURL"], first["apiKey"]) == 200
    await again.disable()
    assert again.opencode_config() == {}
    await again.enable()
    assert options(again) == first
    await again.close()


async def test_a_taken_port_is_told_and_another_is_used(kv: Kv) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        await kv.set("practice", {"enabled": True, "port": port, "key": "k"})
        practice = Practice(kv, SystemClock())
        await practice.open()
        assert f"Port {port} of the practice model is taken" in practice.problem
        assert options(practice)["baseURL"] != f"http://127.0.0.1:{port}/v1"
        assert await models(options(practice)["baseURL"], "k") == 200
        await practice.close()


async def test_closing_cuts_a_streaming_answer_short(kv: Kv) -> None:
    practice = Practice(kv, SystemClock())
    await practice.enable()
    found = options(practice)
    tools = [{"function": {"name": "bash"}}]
    body = {"messages": [{"role": "user", "content": "long"}], "tools": tools, "stream": True}
    headers = {"authorization": f"Bearer {found['apiKey']}"}
    async with (
        httpx2.AsyncClient() as client,
        client.stream("POST", found["baseURL"] + "/chat/completions", json=body, headers=headers) as reply,
    ):
        parts = reply.aiter_bytes()
        seen = [await anext(parts)]
        await practice.close()
        with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
            seen += [part async for part in parts]
    assert b"[DONE]" not in b"".join(seen)

# SPDX-License-Identifier: MIT
"""OpenCode's routes for what goes into a message and beside it: files, symbols, commands, the shell.

Functions raise what `api.Client` says. `directory` is the project folder. Measured on OpenCode 1.18.33.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import msgspec

from opencode_nexus.opencode.api import JSON, Client, refusal
from opencode_nexus.opencode.errors import OpenCodeUnreachable

FOUND = 40  # files asked for; what is shown is chosen among them


async def files(client: Client, directory: str, query: str) -> list[str]:
    """Return files and folders (with a "/" at their end) whose path is like `query`, the likeliest first."""
    found = await client.json("GET", "/find/file", directory=directory, query=query, limit=FOUND)
    return [str(path) for path in found or ()]


async def symbols(client: Client, directory: str, query: str) -> list[JSON]:
    """Return symbols, `{name, kind, location: {uri, range}}`; none without a language server that runs."""
    return list(await client.json("GET", "/find/symbol", directory=directory, query=query) or ())


async def entries(client: Client, directory: str, path: str) -> list[JSON]:
    """Return what lies in a folder below the project's, `{name, path, absolute, type}`."""
    return list(await client.json("GET", "/file", directory=directory, path=path) or ())


async def commands(client: Client, directory: str) -> list[JSON]:
    """Return the commands of a folder, skills too: `{name, description?, source?}`."""
    return list(await client.json("GET", "/command", directory=directory) or ())


def model_of(model: str) -> JSON:
    """Return "provider/model" as most routes want it."""
    provider_id, _, model_id = model.partition("/")
    return {"providerID": provider_id, "modelID": model_id}


async def prompt(
    client: Client, session_id: str, parts: Sequence[JSON], model: str | None, agent: str | None, variant: str | None
) -> None:
    """Send a message of several parts and return at once; the first one's id is what it is known by again."""
    body: JSON = {"parts": list(parts)}
    if model:
        body["model"] = model_of(model)
    if agent:
        body["agent"] = agent
    if variant:
        body["variant"] = variant
    # 20 MB of files take some 30 ms to be written as JSON
    packed = msgspec.Raw(await asyncio.to_thread(msgspec.json.encode, body))
    await client.send("POST", f"/session/{session_id}/prompt_async", body=packed)


async def run_command(
    client: Client,
    session_id: str,
    name: str,
    arguments: str,
    *,
    model: str | None,
    agent: str | None,
    variant: str | None,
    parts: Sequence[JSON] = (),
) -> None:
    """Run a command, and return when its whole turn is over."""
    body: JSON = {"command": name, "arguments": arguments}
    body |= {key: value for key, value in (("model", model), ("agent", agent), ("variant", variant)) if value}
    if parts:
        body["parts"] = list(parts)
    await _long(client, f"/session/{session_id}/command", body)


async def run_shell(client: Client, session_id: str, line: str, *, model: str | None, agent: str) -> None:
    """Run a line in the shell, seen in the chat, and return when it has ended. Raises SessionBusy while it runs."""
    body: JSON = {"command": line, "agent": agent}
    if model:
        body["model"] = model_of(model)
    await _long(client, f"/session/{session_id}/shell", body)


async def _long(client: Client, path: str, body: Any) -> None:
    """POST what is answered at its end, however long that takes; nobody reads the answer."""
    headers = {"content-type": "application/json"}
    timeout = httpx2.Timeout(None, connect=2.0)
    try:
        async with client.http.stream(
            "POST", path, content=msgspec.json.encode(body), headers=headers, timeout=timeout
        ) as answer:
            if answer.status_code >= 400:
                raise refusal(answer.status_code, await answer.aread())
    except httpx2.TransportError as error:
        raise OpenCodeUnreachable(f"POST {path}: {str(error) or type(error).__name__}") from error

# SPDX-License-Identifier: MIT
"""Asks an OpenCode that runs elsewhere: is it one, which version is it, what can it not do."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2

from opencode_nexus.fleet.attached_errors import NotOpenCode, PasswordRefused, Unreachable
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.features import missing
from opencode_nexus.secrets.redact import Secret

ANSWER = 10.0  # seconds for a small answer; a busy OpenCode on two shared cores was seen to take 5
DOCUMENT = 30.0  # seconds for its document, of 480 KB
MOST = 16 << 20  # bytes of an answer: whatever stands at an address, it must not fill the memory
BEHIND = (502, 503, 504)  # what a proxy says when nothing answers behind it


@dataclass(frozen=True, slots=True)
class Login:
    """The user name and the password that a server asks for; a server without a password takes any."""

    username: str
    password: Secret


def connect(address: str, login: Login) -> Client:
    """Return a client, to be closed; for https the first one of a process reads certificates, for 100 ms."""
    return Client(address, login.username, login.password.reveal())


async def greet(client: Client) -> str:
    """Return the version that it tells; raises Unreachable, PasswordRefused or NotOpenCode."""
    where = client.base_url
    try:
        status, told = await _ask(client, "/global/health", ANSWER)
    except httpx2.TransportError as error:
        closed = isinstance(error, httpx2.ConnectError)  # nobody listens; all else may be a server that is busy
        raise Unreachable(f"{where}: {_why(error)}.", closed=closed) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise NotOpenCode(f"{where}: {error}.") from error
    if status == 401:
        raise PasswordRefused(f"{where}.")
    if status in BEHIND:
        raise Unreachable(f"{where}: a proxy there answers with {status}.")
    if status != 200 or told.get("healthy") is not True:
        raise NotOpenCode(f"{where} answers with {status}, and not as OpenCode does.")
    return str(told.get("version") or "")[:40]


async def lacks(client: Client) -> tuple[str, ...] | None:
    """Return the features that its own document has not; None when it could not be read."""
    try:
        status, told = await _ask(client, "/doc", DOCUMENT)
    except (httpx2.HTTPError, ValueError):
        return None
    return missing(told) if status == 200 and told else None


async def folder(client: Client) -> str:
    """Return the folder that it was started in, "" when it does not tell."""
    try:
        _, told = await _ask(client, "/path", ANSWER)
    except (httpx2.HTTPError, ValueError):
        return ""
    return str(told.get("directory") or "")


async def _ask(client: Client, path: str, within: float) -> tuple[int, dict[str, Any]]:
    """Return status and object of an answer, {} when it is none; raises httpx2.HTTPError, ValueError."""
    timeout, body = httpx2.Timeout(within, connect=client.connect), b""
    async with client.http.stream("GET", path, timeout=timeout) as answer:
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > MOST:
                raise ValueError(f"the answer has more than {MOST >> 20} MiB")
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return answer.status_code, told if isinstance(told, dict) else {}


def _why(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.ConnectTimeout):
        return "no connection came about"
    if isinstance(error, httpx2.ConnectError) and str(error) == "All connection attempts failed":
        return "no program there takes the connection"
    if isinstance(error, httpx2.TimeoutException):
        return f"no answer within {ANSWER:.0f} seconds"
    return str(error) or type(error).__name__

# SPDX-License-Identifier: MIT
"""OpenCode's HTTP routes on one server; those of less common nouns are functions in files beside this one.

Every method may raise OpenCodeUnreachable, OpenCodeRefused, WrongRoute, UnknownToOpenCode,
OpenCodeBadRequest, SessionBusy or OpenCodeError. `directory` is the project folder that a route is about;
routes of a session follow the session's own folder and need none.
"""

import base64
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import httpx2
import msgspec

from opencode_nexus.opencode.errors import (
    OpenCodeBadRequest,
    OpenCodeError,
    OpenCodeRefused,
    OpenCodeUnreachable,
    SessionBusy,
    UnknownToOpenCode,
    WrongRoute,
)
from opencode_nexus.opencode.events import PermissionAsked, QuestionAsked
from opencode_nexus.opencode.lenient import loads
from opencode_nexus.opencode.message_list import MessageList

JSON = dict[str, Any]
T = TypeVar("T")

CONNECT = 2.0  # seconds; a connection on loopback is made at once or never
FAR = 8.0  # seconds for one to another machine: a lost packet is sent again after 1 and after 3
ANSWER = 20.0  # the first use of a folder took 1.3 to 4 s
MOST = 64_000_000  # bytes of a page of messages; of one message, however many it has
# Streams and long answers share no pool with clicks, so that they never wait for one another.
LIMITS = httpx2.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30)

_ERRORS: dict[int, type[Exception]] = {
    400: OpenCodeBadRequest,
    401: OpenCodeRefused,
    404: UnknownToOpenCode,
    409: SessionBusy,
}


class ProviderHead(msgspec.Struct, frozen=True):
    """A provider of OpenCode's catalogue, without its models. `env`: where it finds a key by itself."""

    id: str
    name: str = ""
    env: list[str] = msgspec.field(default_factory=list)


class ProviderList(msgspec.Struct, frozen=True):
    """The catalogue, and the ids of those that can be used now."""

    all: list[ProviderHead]
    connected: list[str] = msgspec.field(default_factory=list)


@cache
def _certificates() -> ssl.SSLContext:
    """The certificates that this system trusts; reading them takes some 100 ms, so only for https://, and once."""
    return ssl.create_default_context()


class Client:
    """Speaks to one server with Basic auth. Never through a proxy: the server is on this machine, or at an address
    that a person named.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self.connect = CONNECT if base_url.startswith("http://127.0.0.1:") else FAR  # seconds
        self.http = httpx2.AsyncClient(
            base_url=base_url,
            auth=httpx2.BasicAuth(username, password),
            # JSON on loopback: compressing it costs more than it saves
            headers={"accept-encoding": "identity"},
            timeout=httpx2.Timeout(ANSWER, connect=self.connect),
            limits=LIMITS,
            trust_env=False,
            verify=_certificates() if base_url.startswith("https:") else False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    def _check_open(self, method: str, path: str) -> None:
        if self.http.is_closed:  # its process ended while somebody was about to ask; httpx2 has no error of its own
            raise OpenCodeUnreachable(f"{method} {path}: the process has ended.")

    async def send(self, method: str, path: str, /, *, body: Any = None, **query: Any) -> httpx2.Response:
        """Ask a route and return its answer; a query member that is None is left out."""
        params = _asked(query)
        content = None if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"content-type": "application/json"}
        self._check_open(method, path)
        try:
            answer = await self.http.request(method, path, params=params, content=content, headers=headers)
        except httpx2.TransportError as error:
            raise OpenCodeUnreachable(f"{method} {path}: {str(error) or type(error).__name__}") from error
        _check(answer, method, path)
        return answer

    async def json(self, method: str, path: str, /, *, body: Any = None, **query: Any) -> Any:
        """Ask a route and return its decoded answer."""
        answer = await self.send(method, path, body=body, **query)
        return read(answer, object)

    # Sessions

    async def sessions(self, directory: str, limit: int = 100) -> list[JSON]:
        """The newest sessions of a folder, child sessions too, newest first."""
        return list(await self.json("GET", "/session", directory=directory, limit=limit))

    async def session(self, session_id: str) -> JSON:
        """One session of any folder."""
        return dict(await self.json("GET", f"/session/{session_id}"))

    async def create(self, directory: str, title: str = "") -> JSON:
        """A new session; with a title OpenCode asks no model for one."""
        body = {"title": title} if title else {}
        return dict(await self.json("POST", "/session", body=body, directory=directory))

    async def rename(self, session_id: str, title: str) -> JSON:
        """Give a session another title."""
        return dict(await self.json("PATCH", f"/session/{session_id}", body={"title": title}))

    async def delete(self, session_id: str) -> None:
        """Delete a session and its messages."""
        await self.json("DELETE", f"/session/{session_id}")

    async def children(self, session_id: str) -> list[JSON]:
        """The child sessions of a session, one level."""
        return list(await self.json("GET", f"/session/{session_id}/children"))

    async def todos(self, session_id: str) -> list[JSON]:
        """The session's list of things to do."""
        return list(await self.json("GET", f"/session/{session_id}/todo"))

    async def statuses(self, directory: str) -> dict[str, JSON]:
        """What the folder's sessions do, by id; those that are idle are not in it."""
        return dict(await self.json("GET", "/session/status", directory=directory))

    async def messages(self, session_id: str, limit: int, before: str | None = None) -> tuple[list[JSON], str | None]:
        """The newest `limit` messages (before a cursor), oldest first, and the cursor of the next page."""
        return await self.message_list(JSON, session_id, limit, before)

    async def message_list(
        self, shape: type[T], session_id: str, limit: int, before: str | None
    ) -> tuple[list[T], str | None]:
        """The same as objects of `shape`. Fewer than `limit` may come with a cursor: what has more than MOST bytes is
        asked for in smaller pages.
        """
        path = f"/session/{session_id}/message"
        while True:
            found = MessageList(shape)
            params = _asked({"limit": limit, "before": before})
            self._check_open("GET", path)
            try:
                async with self.http.stream("GET", path, params=params) as answer:
                    if answer.status_code >= 400:
                        await answer.aread()
                    _check(answer, "GET", path)
                    async for piece in answer.aiter_raw():
                        found.feed(piece)
                        if found.size > MOST and limit > 1:
                            break
                    else:
                        return found.end(), answer.headers.get("x-next-cursor")
            except httpx2.TransportError as error:
                raise OpenCodeUnreachable(f"GET {path}: {str(error) or type(error).__name__}") from error
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise OpenCodeError(f"{path} answered in another way than expected.") from error
            limit = max(1, limit // 4)

    async def message(self, session_id: str, message_id: str) -> JSON:
        """One message, `{info, parts}`."""
        return dict(await self.json("GET", f"/session/{session_id}/message/{message_id}"))

    async def prompt(self, session_id: str, text: str, model: str | None, agent: str | None, part_id: str) -> None:
        """Send a message and return at once; while the session is busy it waits in OpenCode's queue.

        Its part has the id `part_id` ("prt…"), by which it is known again: OpenCode answers before it has stored it.

        Not POST /message: its answer of 4 MB or more may never end (measured on OpenCode 1.18.33).
        """
        part = {"id": part_id, "type": "text", "text": text}
        body: JSON = {"parts": [part]}
        if model:
            provider_id, _, model_id = model.partition("/")
            body["model"] = {"providerID": provider_id, "modelID": model_id}
        if agent:
            body["agent"] = agent
        await self.send("POST", f"/session/{session_id}/prompt_async", body=body)

    async def abort(self, session_id: str) -> None:
        """Ask a session to stop. It may go on for a moment: look at its status."""
        await self.json("POST", f"/session/{session_id}/abort")

    # What waits for a person

    async def permissions(self, directory: str) -> list[PermissionAsked]:
        """The permissions that the folder's sessions wait for, and some that nobody waits for any more."""
        answer = await self.send("GET", "/permission", directory=directory)
        return read(answer, list[PermissionAsked])

    async def reply_permission(self, directory: str, request_id: str, reply: str, message: str) -> None:
        """`reply` is "once", "always" or "reject"; a message with "reject" lets the agent go on, told why."""
        body = {"reply": reply, **({"message": message} if message else {})}
        await self.json("POST", f"/permission/{request_id}/reply", body=body, directory=directory)

    async def questions(self, directory: str) -> list[QuestionAsked]:
        """The questions that the folder's sessions wait for."""
        answer = await self.send("GET", "/question", directory=directory)
        return read(answer, list[QuestionAsked])

    async def reply_question(self, directory: str, request_id: str, answers: list[list[str]] | None) -> None:
        """One list of chosen labels or free text for each question; None turns the question down."""
        path = f"/question/{request_id}/"
        if answers is None:
            await self.json("POST", path + "reject", directory=directory)
        else:
            await self.json("POST", path + "reply", body={"answers": answers}, directory=directory)

    # Models and agents

    async def usable_providers(self, directory: str) -> JSON:
        """`{providers: [{id, name, models}], default: {provider: model}}` of those that can be used now.

        Holds keys in clear text: never hand it on as it is.
        """
        return dict(await self.json("GET", "/config/providers", directory=directory))

    async def catalogue(self, directory: str) -> ProviderList:
        """Every provider that OpenCode knows. The answer is 7 MB; only the heads are decoded."""
        answer = await self.send("GET", "/provider", directory=directory)
        return read(answer, ProviderList)

    async def config(self, directory: str) -> JSON:
        """The configuration in force in a folder. May hold keys in clear text."""
        return dict(await self.json("GET", "/config", directory=directory))

    async def agents(self, directory: str) -> list[JSON]:
        """The agents of a folder: `{name, mode, hidden?, description?}`."""
        return list(await self.json("GET", "/agent", directory=directory))

    async def set_key(self, provider_id: str, key: str) -> None:
        """Keep a provider's key in OpenCode's own store; seen only after `dispose`."""
        await self.json("PUT", f"/auth/{provider_id}", body={"type": "api", "key": key})

    async def remove_key(self, provider_id: str) -> None:
        """Forget a provider's key (no error when there is none); seen only after `dispose`."""
        await self.json("DELETE", f"/auth/{provider_id}")

    async def global_config(self) -> JSON:
        """The global configuration, without what folders and environment add. May hold keys in clear text."""
        return dict(await self.json("GET", "/global/config"))

    async def patch_global_config(self, patch: JSON) -> None:
        """Merge into the global configuration file. Disposes every folder: running turns are aborted."""
        await self.json("PATCH", "/global/config", body=patch)

    async def dispose(self) -> None:
        """Let every folder load its configuration anew. Running turns are aborted."""
        await self.json("POST", "/global/dispose")


def _asked(query: Mapping[str, Any]) -> JSON:
    return {name: value for name, value in query.items() if value is not None}


def _check(answer: httpx2.Response, method: str, path: str) -> None:
    """Raise what stands for an answer that is none."""
    if answer.status_code >= 400:
        raise refusal(answer.status_code, answer.content)
    if "text/html" in answer.headers.get("content-type", ""):
        raise WrongRoute(f"{method} {path}")


def read(answer: httpx2.Response, shape: type[T]) -> T:
    """Decode an answer's JSON; raises OpenCodeError when it has another shape."""
    try:
        return loads(answer.content, msgspec.json.Decoder(shape))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OpenCodeError(f"{answer.request.url.path} answered in another way than expected.") from error


def refusal(status: int, body: bytes) -> Exception:
    """Return the error that stands for an answer's status, 400 or more."""
    return _ERRORS.get(status, OpenCodeError)(message_in(body))


def cursor_before(message_id: str, created_ms: int) -> str:
    """The cursor of the page that ends right before a message, as OpenCode 1.18.33 makes it."""
    pair = msgspec.json.encode({"id": message_id, "time": created_ms})
    return base64.urlsafe_b64encode(pair).decode().rstrip("=")


def message_in(body: bytes) -> str:
    """OpenCode's own words in an error's body, whose shape differs from route to route."""
    try:
        data = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:300].decode(errors="replace").strip()
    if not isinstance(data, dict):
        return str(data)[:300]
    inner = data.get("data")
    message = inner.get("message") if isinstance(inner, dict) else None
    return str(message or data.get("message") or data.get("_tag") or data.get("name") or "")

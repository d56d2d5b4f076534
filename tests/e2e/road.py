# SPDX-License-Identifier: MIT
"""What a program does again and again on the road: over the API alone, following the events."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

T = TypeVar("T")

PATIENCE = 60.0  # seconds; only ends a test that waits for something that never comes


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    data: dict[str, Any]


def read_events(reply: httpx2.Response) -> Iterator[Event]:
    """Yield the events of a stream as they come."""
    fields: dict[str, str] = {}
    for line in reply.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


class Road:
    """The API of one server of a running hub."""

    def __init__(self, api: httpx2.Client, server_id: str) -> None:
        self.api, self.server_id, self.base = api, server_id, f"/servers/{server_id}"

    @contextmanager
    def events(self, last: str = "", **body: Any) -> Iterator[Iterator[Event]]:
        """Follow the events, after `last` when it is given."""
        headers = {"last-event-id": last} if last else {}
        timeout = httpx2.Timeout(PATIENCE)
        with self.api.stream("POST", "/events", json=body, headers=headers, timeout=timeout) as reply:
            assert reply.status_code == 200, reply.read()
            assert reply.headers["content-type"].startswith("text/event-stream")
            yield read_events(reply)

    def server(self) -> dict[str, Any]:
        """The server as it is now."""
        server: dict[str, Any] = ok(self.api.get(self.base))
        return server

    def new_session(self, title: str = "Test") -> str:
        """Begin a session; gives its id."""
        session_id = ok(self.api.post(f"{self.base}/sessions", json={"title": title}), 201)["id"]
        assert isinstance(session_id, str)
        return session_id

    def say(self, session_id: str, text: str, **more: str) -> None:
        """Say something to the agent; does not wait for the answer."""
        ok(self.api.post(f"{self.base}/sessions/{session_id}/messages", json={"text": text, **more}), 202)

    def messages(self, session_id: str, **params: Any) -> list[dict[str, Any]]:
        """The newest messages, newest last."""
        items = ok(self.api.get(f"{self.base}/sessions/{session_id}/messages", params=params))["items"]
        assert isinstance(items, list)
        return items

    def inbox(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        items = [item for item in ok(self.api.get("/inbox"))["items"] if item["kind"] in ("permission", "question")]
        assert isinstance(items, list)
        return items

    def until_waiting(self, session_id: str) -> dict[str, Any]:
        """Wait until the session itself waits for a person; gives the one thing that it waits for."""

        def mine() -> list[dict[str, Any]]:
            return [item for item in self.inbox() if item["session_id"] == session_id]

        (waiting,) = self.until(mine, bool)
        return waiting

    def until(self, look: Callable[[], T], wanted: Callable[[T], object]) -> T:
        """Look again at each event until `look` gives what is wanted; returns that."""
        with self.events() as events:
            for _ in events:
                if wanted(found := look()):
                    return found
        raise AssertionError("the stream of events ended first")

    def session(self, session_id: str) -> dict[str, Any]:
        """One session as the list shows it."""
        session: dict[str, Any] = ok(self.api.get(f"{self.base}/sessions/{session_id}"))
        return session

    def until_idle(self, session_id: str) -> list[dict[str, Any]]:
        """Wait until the agent has done what it was told; gives the messages then."""

        def answered() -> bool:
            last = self.messages(session_id)[-1:]
            done = bool(last) and last[0]["role"] == "assistant" and last[0]["state"] != "running"
            return done and self.session(session_id)["status"] == "idle"

        self.until(answered, bool)
        return self.messages(session_id)


def ok(reply: httpx2.Response, status: int = 200) -> Any:
    """The answer's JSON, when its status is the one expected."""
    assert reply.status_code == status, f"{reply.request.method} {reply.url}: {reply.status_code} {reply.text}"
    return reply.json() if reply.content else None


def text_of(message: dict[str, Any], kind: str = "text") -> str:
    """All text of one kind of part."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == kind)

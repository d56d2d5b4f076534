# SPDX-License-Identifier: MIT
"""Talking to the practice model over the API, so that the pages have something to show."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.hub import RealHub

WITHIN = 60.0  # seconds


def eventually(look: Callable[[], Any], what: str, within: float = WITHIN) -> Any:
    """Return what `look` gives as soon as it is true; fails naming `what` after `within` seconds.

    It looks ever more seldom: each look at a chat costs the hub and OpenCode as much as a reader's.
    """
    end, pause = time.monotonic() + within, 0.05
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {within:.0f} s: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.4)
    return seen


@dataclass(frozen=True, slots=True)
class Talk:
    """A session with the practice model."""

    hub: RealHub
    server: str
    session: str

    @property
    def path(self) -> str:
        """Its page, below the hub's address."""
        return f"chat/{self.server}/{self.session}"

    def say(self, text: str) -> None:
        """Send a message."""
        with self.hub.api() as api:
            answer = api.post(f"servers/{self.server}/sessions/{self.session}/messages", json={"text": text})
            assert answer.status_code == 202, answer.text

    def asked(self) -> dict[str, Any]:
        """Return what the session waits for, once it does."""

        def look() -> dict[str, Any] | None:
            with self.hub.api() as api:
                items = api.get("inbox").raise_for_status().json()["items"]
            waits = (item for item in items if item["kind"] in ("permission", "question"))
            return next((item for item in waits if item["root_id"] == self.session), None)

        found: dict[str, Any] = eventually(look, "a permission is asked for")
        return found

    def reply(self, answer: str) -> None:
        """Answer what it waits for: once, always or reject."""
        with self.hub.api() as api:
            api.post(f"inbox/{self.asked()['id']}/reply", json={"reply": answer}).raise_for_status()

    def messages(self) -> list[dict[str, Any]]:
        """All messages, newest last."""
        with self.hub.api() as api:
            answer = api.get(f"servers/{self.server}/sessions/{self.session}/messages")
            items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    def finished(self) -> list[dict[str, Any]]:
        """Return the messages once the newest is the agent's, and done."""

        def look() -> list[dict[str, Any]] | None:
            items = self.messages()
            done = items and items[-1]["role"] == "assistant" and items[-1]["state"] == "done"
            return items if done and items[-1]["parts"] else None

        found: list[dict[str, Any]] = eventually(look, "the turn is over")
        return found


def first_server(hub: RealHub) -> dict[str, Any]:
    """Return the hub's first server, as the API tells it."""
    with hub.api() as api:
        found: dict[str, Any] = api.get("servers").raise_for_status().json()["items"][0]
    return found


def running(hub: RealHub) -> dict[str, Any]:
    """Return the hub's first server once it runs."""

    def look() -> dict[str, Any] | None:
        server = first_server(hub)
        return server if server["state"] == "running" else None

    found: dict[str, Any] = eventually(look, "the server runs")
    return found


def begin(hub: RealHub, title: str) -> Talk:
    """Return a new session on the hub's first server, once that runs."""
    server = running(hub)["id"]
    with hub.api() as api:
        made = api.post(f"servers/{server}/sessions", json={"title": title}).raise_for_status().json()
    return Talk(hub, server, made["id"])

# SPDX-License-Identifier: MIT
"""What OpenCode would answer at a point of its stream, as far as its events tell: a client for the hub's own code.

Held to the real one by `test_model`: at every recorded look it answers what OpenCode answered.
"""

import copy
from typing import Any

import msgspec

from opencode_nexus.opencode.errors import UnknownToOpenCode
from opencode_nexus.opencode.events import PermissionAsked, QuestionAsked

JSON = dict[str, Any]


class ModelServer:
    """Everything OpenCode has. `tell` takes one event's data off the wire; the rest is `opencode.api.Client`'s."""

    def __init__(self) -> None:
        self.sessions: dict[str, JSON] = {}
        self.heads: dict[str, dict[str, JSON]] = {}  # session: message: info
        self.parts: dict[str, dict[str, JSON]] = {}  # message: part: part
        self.todo: dict[str, list[JSON]] = {}
        self.asked: dict[str, dict[str, JSON]] = {"permission": {}, "question": {}}
        self.busy: dict[str, JSON] = {}

    def tell(self, body: bytes) -> None:
        """Take in one event as it stood on the wire."""
        payload = msgspec.json.decode(body)["payload"]
        said: JSON = payload.get("properties") or {}
        session = str(said.get("sessionID") or "")
        match payload["type"]:
            case "session.created" | "session.updated":
                self.sessions[session] = said["info"]
            case "session.deleted":
                self.sessions.pop(session, None)
                self.heads.pop(session, None)
            case "message.updated":
                self.heads.setdefault(session, {})[said["info"]["id"]] = said["info"]
            case "message.removed":
                self.heads.get(session, {}).pop(said["messageID"], None)
                self.parts.pop(said["messageID"], None)
            case "message.part.updated":
                self.parts.setdefault(said["part"]["messageID"], {})[said["part"]["id"]] = said["part"]
            case "message.part.removed":
                self.parts.get(said["messageID"], {}).pop(said["partID"], None)
            case "todo.updated":
                self.todo[session] = said["todos"]
            case "permission.asked" | "question.asked":
                self.asked[payload["type"].partition(".")[0]][said["id"]] = said
            case "permission.replied" | "question.replied" | "question.rejected":
                self.asked[payload["type"].partition(".")[0]].pop(said["requestID"], None)
            case "session.status":
                if said["status"]["type"] == "idle":
                    self.busy.pop(session, None)
                else:
                    self.busy[session] = said["status"]
            case "global.disposed" | "server.instance.disposed":
                self.busy.clear()
                for asked in self.asked.values():
                    asked.clear()

    def all_messages(self, session_id: str) -> list[JSON]:
        """A session's messages by time and id, each with its parts by id."""
        heads = sorted(self.heads.get(session_id, {}).values(), key=lambda info: (info["time"]["created"], info["id"]))
        return [
            {"info": info, "parts": [part for _, part in sorted(self.parts.get(info["id"], {}).items())]}
            for info in heads
        ]

    # opencode.api.Client

    async def session(self, session_id: str) -> JSON:
        if session_id not in self.sessions:
            raise UnknownToOpenCode(session_id)
        return self.sessions[session_id]

    async def messages(self, session_id: str, limit: int, before: str | None = None) -> tuple[list[JSON], str | None]:
        assert before is None
        await self.session(session_id)
        found = self.all_messages(session_id)
        return copy.deepcopy(found[-limit:]), "more" if len(found) > limit else None

    async def todos(self, session_id: str) -> list[JSON]:
        return self.todo.get(session_id, [])

    async def permissions(self, directory: str) -> list[PermissionAsked]:
        return [msgspec.convert(one, PermissionAsked) for one in self.asked["permission"].values()]

    async def questions(self, directory: str) -> list[QuestionAsked]:
        return [msgspec.convert(one, QuestionAsked) for one in self.asked["question"].values()]

    async def statuses(self, directory: str) -> dict[str, JSON]:
        return dict(self.busy)

# SPDX-License-Identifier: MIT
"""The chat's pages over scripted sessions instead of OpenCode: the real render, live and web code.

Run as a program (`python tests/fakes/chat_app.py`) it prints its address and tells what it said, so that a
browser test can compare the page with it. Everything is told by POST to /script with a JSON list of steps.
"""

import argparse
import asyncio
import base64
import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opencode_nexus.chat.errors import SentUnknown, SessionNotFound
from opencode_nexus.core.bus import Bus
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.settings import Settings
from opencode_nexus.core.tasks import Tasks
from opencode_nexus.live.hub import Live
from opencode_nexus.opencode.state import Change, Message, Part, Permission, Question, SessionState, Status, Untaken
from opencode_nexus.render.components.message import created_ms
from opencode_nexus.render.page import environment
from opencode_nexus.web import live, problems
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.chat_source import ChatSources
from opencode_nexus.web.middleware.headers import HeadersMiddleware
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages import chat, chat_actions, chat_changes, chat_composer, chat_sent, phone
from opencode_nexus.web.static import StaticFiles
from tests.fakes.chat_desk import Desk
from tests.fakes.chat_records import SERVER, Aborted, Agent, Conversation, Fleet, Model, Summary, Who
from tests.fakes.composer import Composer
from tests.fakes.moving_clock import Loop, pass_time
from tests.fakes.no_actions import NoActions
from tests.fakes.no_usage import NoBudgets, NoUsage


class Chat:
    """Sessions by id. `steps` runs a script on one of them."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.sessions_: dict[str, Conversation] = {}
        self.models_ = [
            Model("anthropic/claude-sonnet", "Claude Sonnet", "Anthropic", False),
            Model("practice/practice", "Practice model", "Practice", True),
        ]
        self.folders: dict[str, list[Model]] = {}  # what a folder's own configuration adds
        self.outbox = self  # what OpenCode did not take is kept with the session here
        self._number = 0
        self.past: dict[str, list[Message]] = {}  # what is older than the window

    def new_id(self, kind: str) -> str:
        self._number += 1
        return f"{kind}_{self._number:014d}"

    def make(self, title: str, folder: str = "/home/ada/shop") -> str:
        state = SessionState(self.new_id("ses"), title, folder)
        self.sessions_[state.id] = Conversation(state)
        return state.id

    async def conversation(self, server_id: str, session_id: str) -> Conversation:
        if session_id not in self.sessions_:
            raise SessionNotFound
        return self.sessions_[session_id]

    async def sessions(self, server_id: str) -> list[Summary]:
        return [
            Summary(s.id, s.title, s.directory, None, 0.0, time.time() - n * 4000, s.status.kind, len(s.permissions))
            for n, s in enumerate(c.state for c in reversed(self.sessions_.values()))
        ]

    def unlisted(self, server_id: str) -> dict[str, str]:
        return {}

    async def session_page(
        self, server_id: str, limit: int, before: str | None = None
    ) -> tuple[list[Summary], str | None]:
        listed = await self.sessions(server_id)
        start = int(before or 0)
        more = str(start + limit) if len(listed) > start + limit else None
        return listed[start : start + limit], more

    async def messages(
        self, server_id: str, session_id: str, limit: int, before: str | None
    ) -> tuple[list[Message], str | None]:
        past = [*self.past.get(session_id, []), *self.sessions_[session_id].state.messages.values()]
        if before is None:
            return past[-limit:], "more" if len(past) > limit else None
        told = json.loads(base64.urlsafe_b64decode(before + "=="))
        mark = (told["time"], told["id"])
        found = [item for item in past if (created_ms(item), item.id) < mark]
        return found[-limit:], "more" if len(found) > limit else None

    async def models(self, server_id: str, folder: str | None = None) -> tuple[list[Model], str | None]:
        found = self.folders.get(folder or "", []) + self.models_
        return found, next((model.id for model in found if not model.keyless), None)

    async def agents(self, server_id: str, folder: str | None = None) -> list[Agent]:
        return [Agent("build", "Does the work."), Agent("plan", "Plans it.")]

    async def create(self, server_id: str, title: str = "", project: str | None = None) -> str:
        return self.make(title or "New chat", project or "/home/ada/shop")

    async def rename(self, server_id: str, session_id: str, title: str) -> None:
        conversation = self.sessions_[session_id]
        conversation.state.title = title
        conversation.tell(Change("session"))
        self.bus.publish("session", {"server_id": server_id, "session_id": session_id})

    async def delete(self, server_id: str, session_id: str) -> None:
        del self.sessions_[session_id]
        self.bus.publish("session", {"server_id": server_id, "session_id": session_id})

    async def send(self, server_id: str, session_id: str, text: str, model: str | None, agent: str | None) -> None:
        self.user(self.sessions_[session_id], text)

    async def send_again(self, server_id: str, session_id: str, message_id: str) -> None:
        self.user(self.sessions_[session_id], self.drop(session_id, message_id).text)

    def drop(self, session_id: str, message_id: str) -> Untaken:
        conversation = self.sessions_[session_id]
        for item in conversation.state.untaken:
            if item.id == message_id and item.sure:
                conversation.state.untaken.remove(item)
                conversation.tell(Change("untaken"))
                return item
        raise SentUnknown

    def user(self, conversation: Conversation, text: str) -> None:
        message_id, part_id = self.new_id("msg"), self.new_id("prt")
        message = Message(message_id, "user", time.time(), time.time())
        message.parts[part_id] = Part(part_id, message_id, "text", text)
        conversation.state.messages[message_id] = message
        conversation.tell(Change("message", message_id))

    async def abort(self, server_id: str, session_id: str) -> Aborted:
        state = self.sessions_[session_id].state
        was = state.status.kind != "idle"
        state.status = Status()
        if was:
            state.error = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
        self.sessions_[session_id].tell(Change("status"))
        return Aborted(True, (session_id,) if was else ())

    async def reply_permission(self, server_id: str, request_id: str, reply: str, message: str = "") -> None:
        for conversation in self.sessions_.values():
            if conversation.state.permissions.pop(request_id, None):
                conversation.tell(Change("permission"))

    async def reply_question(self, server_id: str, request_id: str, answers: Any) -> None:
        for conversation in self.sessions_.values():
            if conversation.state.questions.pop(request_id, None):
                conversation.tell(Change("question"))

    async def run(self, session_id: str, steps: list[dict[str, Any]]) -> None:
        """Do each step: user, untaken, busy, begin, say, end, tool, permission, question, error, idle, wait."""
        conversation = self.sessions_[session_id]
        state = conversation.state
        message = next(reversed(state.messages.values()), Message("", "assistant", 0.0))
        part = Part("", "", "text")
        for step in steps:
            match step["do"]:
                case "user":
                    self.user(conversation, step["text"])
                    next(reversed(state.messages.values())).info.update(step.get("info", {}))
                case "untaken":
                    sent = Untaken(self.new_id("prt"), step["text"], time.time(), None, None, step.get("sure", True))
                    state.untaken.append(sent)
                    conversation.tell(Change("untaken"))
                case "past":
                    state.has_older = True
                    for number in range(step["count"]):
                        self.user(conversation, f"past{number}")
                    self.past[session_id] = list(state.messages.values())
                    state.messages.clear()
                    conversation.tell(Change("reset"))
                case "busy":
                    state.status = Status("busy")
                    conversation.tell(Change("status"))
                case "begin":
                    message = Message(self.new_id("msg"), "assistant", time.time(), info={"modelID": "m1"})
                    state.messages[message.id] = message
                    conversation.tell(Change("message", message.id))
                case "say":  # text in pieces of `each` characters, `rate` a second
                    kind = step.get("kind", "text")
                    part = Part(self.new_id("prt"), message.id, kind, "", closed=False)
                    message.parts[part.id] = part
                    conversation.tell(Change("part", message.id, part.id))
                    await self._say(conversation, message, part, step)
                    if not step.get("open"):
                        part.closed = True
                        conversation.tell(Change("part", message.id, part.id))
                case "tool":
                    part = Part(
                        self.new_id("prt"), message.id, "tool", data={"tool": step["tool"], "state": step["state"]}
                    )
                    message.parts[part.id] = part
                    conversation.tell(Change("part", message.id, part.id))
                case "part":  # of any kind
                    part = Part(self.new_id("prt"), message.id, step["kind"], data=step["data"])
                    message.parts[part.id] = part
                    conversation.tell(Change("part", message.id, part.id))
                case "todos":
                    state.todos = step["todos"]
                    conversation.tell(Change("todos"))
                case "permission":
                    wanted = Permission(
                        self.new_id("per"),
                        session_id,
                        step["kind"],
                        tuple(step["patterns"]),
                        ("git *",),
                        step["metadata"],
                    )
                    state.permissions[wanted.id] = wanted
                    conversation.tell(Change("permission"))
                case "question":
                    asked = Question(self.new_id("que"), session_id, tuple(step["questions"]))
                    state.questions[asked.id] = asked
                    conversation.tell(Change("question"))
                case "error":
                    message.error = step["error"]
                    conversation.tell(Change("message", message.id))
                case "end":
                    message.completed = time.time()
                    message.info.update(step.get("info", {}))
                    conversation.tell(Change("message", message.id))
                case "idle":
                    state.status = Status()
                    conversation.tell(Change("status"))
                case "set":  # fields of the newest part
                    for name, value in step["part"].items():
                        setattr(part, name, value)
                    conversation.tell(Change("part", message.id, part.id))
                case "wait":
                    await asyncio.sleep(step["seconds"])

    async def _say(self, conversation: Conversation, message: Message, part: Part, step: dict[str, Any]) -> None:
        text, each, rate = step["text"], step.get("each", 12), step.get("rate", 0)
        begun = time.perf_counter()
        for number, start in enumerate(range(0, len(text), each)):
            if rate:
                await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            part.text += text[start : start + each]
            conversation.tell(Change("delta", message.id, part.id))


class Stored:
    """Small named values, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def set(self, key: str, value: Any) -> None:
        self.values[key] = value


@dataclass(slots=True)
class Hub:
    settings: Settings
    clock: SystemClock
    bus: Bus
    fleet: Fleet
    chat: Chat
    live: Live
    pages: Pages
    stored: Stored = field(default_factory=Stored)
    token_usage: NoUsage = field(default_factory=NoUsage)
    budgets: NoBudgets = field(default_factory=NoBudgets)
    actions: NoActions = field(init=False)
    composer: Composer = field(init=False)
    inbox_desk: Desk = field(init=False)
    access: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(logins=lambda user_id: []))
    turns: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(seen=lambda server_id, session_id: None))

    def __post_init__(self) -> None:
        self.inbox_desk = Desk(self.chat)
        self.actions = NoActions(self.chat, self.bus)
        self.composer = Composer(self.chat)


class Application:
    """The pages, the live routes, and /script, which makes sessions and runs steps on them."""

    def __init__(self) -> None:
        clock = SystemClock()
        bus = Bus(clock)
        self.static = StaticFiles()
        self.hub = Hub(
            Settings.load({}, {}, {}, Path("unused")),
            clock,
            bus,
            Fleet(),
            Chat(bus),
            Live(bus.boot, Tasks()),
            Pages(environment(), self.static),
        )
        self._tasks = Tasks()
        self._app = Starlette(
            routes=[
                Route("/script", self.script, methods=["POST"]),
                *self.static.routes(),
                *chat_actions.routes,
                *chat.routes,
                *chat_changes.routes,
                *chat_composer.routes,
                *chat_sent.routes,
                *phone.routes,
                *live.routes,
            ],
            exception_handlers=dict(problems.HANDLERS),
        )
        self._outer = HeadersMiddleware(self._app)

    async def script(self, request: Request) -> Response:
        """POST /script `{"title"?, "session"?, "steps", "later"?, "models"?, "alone"?, "passed"?}` → `{"session"}`.

        Waits for the end unless later. `models`, fields of Model, are all that is offered from then on. First it waits
        until it is `alone`, nobody looking at the session, and `passed` seconds pass at once.
        """
        told = await request.json()
        while told.get("alone") and self.hub.live.watched(f"chat:{SERVER}:{told['session']}"):
            await asyncio.sleep(0.01)
        await pass_time(told.get("passed", 0.0))
        if "models" in told:
            self.hub.chat.models_ = [Model(*fields) for fields in told["models"]]
            forget(cast("Any", self.hub))
        session_id = told.get("session") or self.hub.chat.make(told.get("title", "A chat"))
        work = self.hub.chat.run(session_id, told.get("steps", []))
        if told.get("later"):
            self._tasks.spawn(work, "script")
        else:
            await work
        return JSONResponse({"session": session_id, "server": SERVER})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await self.hub.live.close()
            await self._tasks.close()
            await send({"type": message["type"] + ".complete"})
            return
        if "chat" not in self.hub.live._makers:
            self.hub.live.register("chat", ChatSources(self.hub))  # type: ignore[arg-type]
        scope.setdefault("state", {}).update(hub=self.hub, who=Who(), sender=SimpleNamespace(address="127.0.0.1"))
        await self._outer(scope, receive, send)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    listener = socket.create_server(("127.0.0.1", parser.parse_args().port))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "server": SERVER}), flush=True)
    config = uvicorn.Config(Application(), lifespan="off", log_level="warning", ws="websockets-sansio")
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()

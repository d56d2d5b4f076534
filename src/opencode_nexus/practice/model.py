# SPDX-License-Identifier: MIT
"""The practice model over HTTP, OpenAI-compatible: `POST /v1/chat/completions`, `GET /v1/models`."""

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from opencode_nexus.core.clock import Clock
from opencode_nexus.core.ids import new_id
from opencode_nexus.practice.script import Call, Say, Step, Think, pieces, plan

MODEL = "practice"
PACE = 40.0  # pieces a second: a little faster than one reads
BODY_LIMIT = 16 * 1024 * 1024  # a first "hi" is 31 kB (measured on OpenCode 1.18.33); a long chat is more
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_ARGUMENT_PIECE = re.compile(r".{1,24}", re.DOTALL)  # tool arguments come in parts, as from a real model


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": f"Practice model: {message}", "type": kind}}, status)


class Refused(Exception):
    """A request that is not one of ours; carries the response to give."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.response = _error(status, kind, message)


class PracticeModel:
    """Answers requests that carry `key` as their bearer; `clock` times the pace of what is streamed."""

    def __init__(self, key: str, clock: Clock, pace: float = PACE) -> None:
        self._key = key
        self._clock = clock
        self._pace = pace
        self.app = Starlette(
            routes=[
                Route("/v1/models", self._models, methods=["GET"]),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
            ]
        )

    def _check(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), self._key.encode()):
            raise Refused(401, "authentication_error", "the key is missing or wrong.")

    async def _models(self, request: Request) -> Response:
        try:
            self._check(request)
        except Refused as refused:
            return refused.response
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "opencode-nexus"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _complete(self, request: Request) -> Response:
        try:
            self._check(request)
            body = await _body(request)
        except Refused as refused:
            return refused.response
        steps = plan(body)
        reply = Reply(created=int(self._clock.now()), prompt=_count(body["messages"]))
        if body.get("stream"):
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            lines = self._stream(reply, steps, with_usage)
            headers = {"cache-control": "no-store"}
            return StreamingResponse(lines, media_type="text/event-stream", headers=headers)
        return JSONResponse(reply.whole(steps))

    async def _stream(self, reply: "Reply", steps: list[Step], with_usage: bool) -> AsyncIterator[bytes]:
        due = self._clock.monotonic()
        for delta in reply.deltas(steps):
            due += 1 / self._pace
            if (wait := due - self._clock.monotonic()) > 0:
                await asyncio.sleep(wait)
            yield _event(reply.chunk(delta))
        yield _event(reply.chunk({}, finish=reply.finish(steps)))
        if with_usage:
            yield _event(reply.usage_chunk(steps))
        yield b"data: [DONE]\n\n"


class Reply:
    """One answer in OpenAI's shapes. A token is a piece (see the glossary): a script has no other count."""

    def __init__(self, created: int, prompt: int) -> None:
        self._base = {"id": new_id("chatcmpl"), "created": created, "model": MODEL}
        self._prompt = prompt

    def deltas(self, steps: list[Step]) -> Iterator[dict[str, Any]]:
        """Yield the deltas of a streamed answer, in order, a piece at a time."""
        yield {"role": "assistant", "content": ""}
        calls = 0
        for step in steps:
            match step:
                case Think(text):
                    yield from ({"reasoning_content": piece} for piece in pieces(text))
                case Say(text):
                    yield from ({"content": piece} for piece in pieces(text))
                case Call(tool, arguments):
                    head = {"index": calls, "id": new_id("call"), "type": "function"}
                    yield {"tool_calls": [head | {"function": {"name": tool, "arguments": ""}}]}
                    for part in _ARGUMENT_PIECE.findall(json.dumps(arguments)):
                        yield {"tool_calls": [{"index": calls, "function": {"arguments": part}}]}
                    calls += 1

    def finish(self, steps: list[Step]) -> str:
        """Return why the answer ends here: `tool_calls` or `stop`."""
        return "tool_calls" if any(isinstance(step, Call) for step in steps) else "stop"

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Return `delta` as one chunk of a streamed answer."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._base, "object": "chat.completion.chunk", "choices": [choice]}

    def usage_chunk(self, steps: list[Step]) -> dict[str, Any]:
        """Return the last chunk, which carries the counts and no choice."""
        return {**self._base, "object": "chat.completion.chunk", "choices": [], "usage": self._usage(steps)}

    def whole(self, steps: list[Step]) -> dict[str, Any]:
        """Return the answer as one document."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "\n\n".join(step.text for step in steps if isinstance(step, Say)),
        }
        if thoughts := "\n\n".join(step.text for step in steps if isinstance(step, Think)):
            message["reasoning_content"] = thoughts
        if calls := [step for step in steps if isinstance(step, Call)]:
            message["tool_calls"] = [
                {
                    "id": new_id("call"),
                    "type": "function",
                    "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
                }
                for call in calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": self.finish(steps)}
        return {**self._base, "object": "chat.completion", "choices": [choice], "usage": self._usage(steps)}

    def _usage(self, steps: list[Step]) -> dict[str, int]:
        said = sum(len(pieces(step.text)) for step in steps if isinstance(step, (Say, Think)))
        return {"prompt_tokens": self._prompt, "completion_tokens": said, "total_tokens": self._prompt + said}


def _event(document: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


def _count(messages: list[Mapping[str, Any]]) -> int:
    return sum(len(str(message.get("content") or "").split()) for message in messages)


def _is_tool(tool: object) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("function"), dict)


async def _body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object, checked as far as the script relies on it; raises Refused."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > BODY_LIMIT:
            raise Refused(413, "invalid_request_error", f"the request is larger than {BODY_LIMIT >> 20} MiB.")
    try:
        body = await asyncio.to_thread(json.loads, raw) if len(raw) > 1 << 20 else json.loads(raw)
    except ValueError as error:
        raise Refused(400, "invalid_request_error", "the body is not JSON.") from error
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "invalid_request_error", "`messages` must be a list with at least one message.")
    if not all(isinstance(m, dict) and m.get("role") in _ROLES for m in messages):
        raise Refused(400, "invalid_request_error", "each of `messages` must be an object with a `role`.")
    tools = body.get("tools") or []
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        raise Refused(400, "invalid_request_error", "each of `tools` must be an object with a `function`.")
    return dict(body)

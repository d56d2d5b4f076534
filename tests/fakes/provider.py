# SPDX-License-Identifier: MIT
"""A scripted OpenAI-compatible model: its own process, with its own log of every word it said.

    python tests/fakes/provider.py [--port 0] [--log FILE]        prints: provider ready at http://127.0.0.1:PORT/v1

The last user message that holds a script decides the answer:

`#script [[op, ...], [op, ...]]`  one list of ops for each model step (step 1 follows the tools of step 0).
    {"text": "w{i} ", "n": 3, "rate": 50}      n deltas, rate a second (0: no pause); {i} is the index
    {"reasoning": "hm ", "n": 2}               the same as reasoning
    {"tool": "bash", "args": {...}}            a tool call
    {"sleep": 0.5} {"wait": "name"}            a pause; a pause until POST /release/name
    {"status": 500, "body": {...}}             an HTTP error instead; "times": 1: only the first time
    {"drop": true}                             cut the connection here (also with "times")
`STREAM n=500 r=50 [w=4] [id=x]`  n deltas of w words at r a second, each ending in the marker ⟦seq;epoch ms⟧.

Without a script it echoes. GET /v1/models, GET /log (its lines as JSON), GET /waiting (names waited for).

The log has JSON lines: {"t": epoch s, "kind": ..., "run": n, ...}; kinds "text" and "reasoning" carry
the delta's text and are written right before the socket write: it holds every word that could be heard.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STREAM = re.compile(r"STREAM\s+n=(\d+)\s+r=([\d.]+)(?:\s+w=(\d+))?(?:\s+id=(\w+))?")
WORDS = ["alpha", "beta", "gamma", "delta", "**bold**", "`code`", "epsilon", "zeta", "eta", "theta", "iota"]
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


class Log:
    """Append-only lines, each handed to the system before the words go out."""

    def __init__(self, path: Path | None) -> None:
        self.lines: list[JSON] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else None

    def add(self, kind: str, **data: Any) -> None:
        line = {"t": time.time(), "kind": kind, **data}
        self.lines.append(line)
        if self._file is not None:
            os.write(self._file, json.dumps(line, ensure_ascii=False).encode() + b"\n")


def text_of(message: JSON) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = [str(part.get("text", "")) for part in content or [] if isinstance(part, dict)]
    # OpenCode adds words of its own to the user's, for some agents
    return "".join(text for text in texts if not text.lstrip().startswith("<system-reminder>"))


def stream_ops(n: int, rate: float, words: int, name: str) -> list[JSON]:
    """The ops of a STREAM line: markers, and now and then a paragraph or a code block."""
    ops: list[JSON] = []
    for i in range(n):
        said = " ".join(WORDS[(i * words + k) % len(WORDS)] for k in range(words))
        tail = "\n\n" if i % 20 == 19 else ""
        if i % 100 == 50:
            tail += "\n```python\ndef f(x):\n    return x * 2\n```\n\n"
        ops.append({"text": f"{said} ⟦{i};{{ms}}⟧ {tail}", "rate": rate})
    return [*ops, {"text": f"\n\nSTREAMEND{name}"}]


def script_of(body: JSON) -> list[JSON]:
    """Choose the ops for this request from its messages."""
    messages: list[JSON] = body.get("messages", [])
    system = "\n".join(text_of(m) for m in messages if m.get("role") == "system").lower()
    if "title generator" in system:
        return [{"text": "Scripted title"}]
    if not body.get("tools"):
        return [{"text": "## Goal\nscripted summary"}]
    users = [i for i, m in enumerate(messages) if m.get("role") == "user"]
    for i in reversed(users):  # OpenCode may put messages of its own after the user's
        text = text_of(messages[i])
        if "#script " in text:
            steps, _ = json.JSONDecoder().raw_decode(text.partition("#script ")[2].lstrip())
            step = sum(1 for m in messages[i + 1 :] if m.get("role") == "assistant" and m.get("tool_calls"))
            return list(steps[step]) if step < len(steps) else [{"text": "done."}]
        if found := STREAM.search(text):
            n, rate, words, name = found.groups()
            return stream_ops(int(n), float(rate), int(words or 4), name or "default")
        if i == users[-1] and not text.startswith("<"):
            return [{"text": "echo: " + text[-200:]}]
    return [{"text": "echo"}]


class Provider:
    """The HTTP server: one connection may carry several requests."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.runs = 0
        self.failed: dict[str, int] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.waiting: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                method, path, raw = await self.request(reader)
                if method == "GET":
                    self.answer_get(writer, path)
                elif path.startswith("/release/"):
                    self.gate(path.removeprefix("/release/")).set()
                    self.plain(writer, 200, {})
                elif not await self.complete(writer, json.loads(raw or b"{}")):
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.log.add("client-closed")
        finally:
            writer.close()

    @staticmethod
    async def request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return method, path, await reader.readexactly(int(headers.get("content-length", 0)))
        raw = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            raw += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return method, path, raw

    @staticmethod
    def plain(writer: asyncio.StreamWriter, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)

    def answer_get(self, writer: asyncio.StreamWriter, path: str) -> None:
        bodies: dict[str, Any] = {
            "/v1/models": {"object": "list", "data": [{"id": "m1", "object": "model"}]},
            "/log": self.log.lines,
            "/waiting": self.waiting,
        }
        self.plain(writer, 200 if path in bodies else 404, bodies.get(path, {}))

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    def refusal(self, ops: list[JSON]) -> JSON | None:
        """The error to answer with, if the script wants one (`times`: how often)."""
        op = next((o for o in ops if "status" in o), None)
        return op if op is not None and self.fails(op) else None

    def fails(self, op: JSON) -> bool:
        """Whether a fault happens this time: it may be limited to its first `times`."""
        key = json.dumps(op)
        self.failed[key] = self.failed.get(key, 0) + 1
        return bool(self.failed[key] <= op.get("times", 1 << 30))

    async def complete(self, writer: asyncio.StreamWriter, body: JSON) -> bool:
        """Answer one completion; False when the connection was cut."""
        self.runs += 1
        run, ops = self.runs, script_of(body)
        model = body.get("model")
        tools = [t["function"]["name"] for t in body.get("tools", [])]
        asked = {"model": model, "effort": body.get("reasoning_effort"), "messages": len(body.get("messages", []))}
        self.log.add("request", run=run, tools=tools, **asked)
        if refusal := self.refusal(ops):
            status = refusal["status"]
            self.log.add("refused", run=run, status=status)
            error = {"error": {"message": f"scripted {status}", "type": "scripted"}}
            self.plain(writer, status, refusal.get("body", error))
            return True
        base = {"id": f"chatcmpl-{run}", "created": int(time.time()), "model": model}
        if not body.get("stream"):
            text = "".join(o.get("text", "") * o.get("n", 1) for o in ops)
            whole = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            body = {**base, "object": "chat.completion", "choices": [whole], "usage": USAGE}
            self.plain(writer, 200, body)
            return True
        writer.write(HEAD)
        told: JSON | None = None
        async for choice, usage in self.speak(run, ops):
            if choice is None:
                return False
            chunk = {**base, "object": "chat.completion.chunk", "choices": [choice]}
            if usage:
                chunk["usage"] = told = usage
            data = b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        self.log.add("end", run=run, usage=told)
        return True

    async def speak(self, run: int, ops: list[JSON]) -> AsyncIterator[tuple[JSON | None, JSON | None]]:
        """Yield (choice, usage) for each chunk to write; (None, None) cuts the connection."""

        def choice(delta: JSON, finish: str | None = None) -> JSON:
            return {"index": 0, "delta": delta, "finish_reason": finish}

        yield choice({"role": "assistant", "content": ""}), None
        finish, usage, calls, started = "stop", USAGE, 0, time.perf_counter()
        due = started
        for op in ops:
            for kind, member in (("text", "content"), ("reasoning", "reasoning_content")):
                for i in range(op.get("n", 1) if kind in op else 0):
                    said = op[kind].replace("{i}", str(i)).replace("{ms}", f"{time.time() * 1000:.2f}")
                    self.log.add(kind, run=run, text=said)
                    yield choice({member: said}), None
                    if rate := op.get("rate", 0):
                        due = max(due, started) + 1 / rate
                        await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if "tool" in op:
                name, arguments = op["tool"], json.dumps(op.get("args", {}))
                call = {"index": calls, "id": f"call_{run}_{calls}_{time.time_ns()}", "type": "function"}
                self.log.add("tool", run=run, tool=name, args=op.get("args", {}))
                yield choice({"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]}), None
                rest = {"index": calls, "function": {"arguments": arguments}}
                yield choice({"tool_calls": [rest]}), None
                calls, finish = calls + 1, "tool_calls"
            if "sleep" in op:
                await asyncio.sleep(op["sleep"])
                due = time.perf_counter()
            if "wait" in op:
                self.waiting.append(op["wait"])
                await self.gate(op["wait"]).wait()
                due = time.perf_counter()
            finish, usage = op.get("finish", finish), op.get("usage", usage)
            if op.get("drop") and self.fails(op):
                self.log.add("drop", run=run)
                yield None, None
                return
        yield choice({}, finish), usage


async def serve(port: int, log: Path | None) -> None:
    provider = Provider(Log(log))
    server = await asyncio.start_server(provider.handle, "127.0.0.1", port, limit=1 << 26)
    host, bound = server.sockets[0].getsockname()[:2]
    print(f"provider ready at http://{host}:{bound}/v1", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible model.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.port, options.log))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

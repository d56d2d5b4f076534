# SPDX-License-Identifier: MIT
"""A long chat in the shape of `opencode export`: half user, half assistant, with code, tables and tool calls.

The same count gives the same text; the last message says `LASTMARK<count>`. `opencode import` takes it.
"""

import random
import time
from typing import Any

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOREM = (
    "The request handler validates the payload before it is queued so a failed worker never sees a partial "
    "record and retries stay idempotent across restarts while the cache keeps the last good answer for "
    "readers that arrive during a rollout and the metrics show which shard is slow"
).split()
DAY = 86_400_000  # ms
TOKENS = {"total": 200, "input": 100, "output": 100, "reasoning": 0, "cache": {"write": 0, "read": 0}}


class LongSession:
    """Builds one chat of `count` messages in `directory`; `version` is OpenCode's own."""

    def __init__(self, count: int, directory: str, project_id: str, version: str) -> None:
        self.count = count
        self.directory = directory
        self.project_id = project_id
        self.version = version
        self.base = int(time.time() * 1000) - DAY
        self._random = random.Random(count)
        self._counter = 0
        self.id = self._ident("ses", self.base)

    @property
    def title(self) -> str:
        return f"Long session {self.count}"

    @property
    def mark(self) -> str:
        """What the newest message says."""
        return f"LASTMARK{self.count}"

    def export(self) -> dict[str, Any]:
        """The whole chat, ready for `opencode import`."""
        messages = [message for turn in range(self.count // 2) for message in self._turn(turn)]
        nothing = {"additions": 0, "deletions": 0, "files": 0}
        info = {
            "id": self.id,
            "slug": f"long-{self.count}",
            "projectID": self.project_id,
            "directory": self.directory,
            "path": "",
            "title": self.title,
            "agent": "build",
            "version": self.version,
            "summary": nothing,
            "cost": 0,
            "tokens": {name: TOKENS[name] for name in ("input", "output", "reasoning", "cache")},
            "time": {"created": self.base, "updated": self.base + self.count * 2000},
        }
        return {"info": info, "messages": messages}

    def _ident(self, prefix: str, ms: int) -> str:
        # As OpenCode does: 48 bits of time and counter, counted down for sessions, then 14 random digits.
        self._counter = (self._counter + 1) % 4096
        value = (ms * 4096 + self._counter) & ((1 << 48) - 1)
        if prefix == "ses":
            value ^= (1 << 48) - 1
        return f"{prefix}_{value:012x}" + "".join(self._random.choice(DIGITS) for _ in range(14))

    def _sentence(self, words: int) -> str:
        return " ".join(self._random.choice(LOREM) for _ in range(words)).capitalize() + "."

    def _code(self, lines: int) -> str:
        text = ["```python"]
        for i in range(lines):
            comment = self._random.choice(LOREM)
            text.append(f"    value = transform(value, {i})  # {comment}" if i % 5 else f"def step_{i}(value):")
        return "\n".join([*text, "```"])

    def _markdown(self, turn: int) -> str:
        parts = [
            f"## Step {turn}: {self._sentence(4)}",
            self._sentence(30),
            f"Use `{self._random.choice(LOREM)}()` with **care**: {self._sentence(18)}",
            "\n".join(f"- {self._sentence(9)}" for _ in range(4)),
        ]
        if turn % 3 == 0:
            parts.append(self._code(self._random.randint(8, 24)))
        if turn % 7 == 0:
            rows = [
                f"| {self._random.choice(LOREM)} | {self._random.randint(1, 999)} | {self._sentence(4)} |"
                for _ in range(5)
            ]
            parts.append("\n".join(["| name | value | note |", "|---|---|---|", *rows]))
        parts.append(self._sentence(24))
        return "\n\n".join(parts)

    def _tool(self, number: int, ms: int, message_id: str) -> dict[str, Any]:
        kind = ("bash", "read", "edit")[number % 3]
        title = f"src/mod_{number % 40}.py"
        path = f"{self.directory}/{title}"
        lines = range(1, self._random.randint(12, 40))
        body = "\n".join(f"{k:5d}| {self._sentence(8)}" for k in lines)
        given: dict[str, Any]
        meta: dict[str, Any]
        if kind == "bash":
            title, out = "Run the tests", body
            given = {"command": f"python -m pytest tests/test_{number}.py -q", "description": title}
            meta = {"output": body, "exit": 0, "description": title, "truncated": False}
        elif kind == "read":
            out = f"<path>{path}</path>\n<type>file</type>\n<content>\n{body}\n</content>"
            given = {"filePath": path}
            meta = {"preview": body[:400], "truncated": False, "loaded": []}
        else:
            out = "Edit applied successfully."
            old = [f"    value = old_{k}(value)" for k in range(6)]
            new = [f"    value = new_{k}(value, strict=True)" for k in range(8)]
            patch = "\n".join([
                f"Index: {path}", "=" * 67, f"--- {path}", f"+++ {path}", "@@ -1,6 +1,8 @@",
                *("-" + line for line in old), *("+" + line for line in new), "",
            ])  # fmt: skip
            given = {"filePath": path, "oldString": "\n".join(old), "newString": "\n".join(new)}
            changed = {"file": path, "patch": patch, "additions": 8, "deletions": 6}
            meta = {"diff": patch, "filediff": changed, "diagnostics": {}, "truncated": False}
        state = {
            "status": "completed", "input": given, "output": out, "title": title, "metadata": meta,
            "time": {"start": ms, "end": ms + 200},
        }  # fmt: skip
        call = f"call_{number}_{self._random.randint(0, 1 << 30)}"
        return {**self._part("tool", ms, message_id), "callID": call, "tool": kind, "state": state}

    def _part(self, kind: str, ms: int, message_id: str) -> dict[str, Any]:
        return {"type": kind, "id": self._ident("prt", ms), "sessionID": self.id, "messageID": message_id}

    def _turn(self, turn: int) -> tuple[dict[str, Any], dict[str, Any]]:
        ms = self.base + turn * 4000
        asked = self._ident("msg", ms)
        question = {**self._part("text", ms, asked), "text": f"Question {turn}: {self._sentence(16)}"}
        user = {
            "role": "user", "time": {"created": ms}, "agent": "build", "id": asked, "sessionID": self.id,
            "model": {"providerID": "bench", "modelID": "fake"}, "summary": {"diffs": []},
        }  # fmt: skip
        ms += 1000
        told = self._ident("msg", ms)
        last = turn == self.count // 2 - 1
        parts = [self._part("step-start", ms, told)]
        tools = 0 if last else self._random.choice((0, 0, 1, 1, 2))
        parts.extend(self._tool(turn * 2 + k, ms, told) for k in range(tools))
        text = f"Final answer. {self.mark}" if last else self._markdown(turn)
        parts.append({**self._part("text", ms, told), "text": text, "time": {"start": ms, "end": ms + 900}})
        parts.append({**self._part("step-finish", ms, told), "reason": "stop", "tokens": TOKENS, "cost": 0})
        assistant = {
            "parentID": asked, "role": "assistant", "mode": "build", "agent": "build", "cost": 0,
            "path": {"cwd": self.directory, "root": self.directory}, "tokens": TOKENS,
            "modelID": "fake", "providerID": "bench", "time": {"created": ms, "completed": ms + 1000},
            "finish": "stop", "id": told, "sessionID": self.id,
        }  # fmt: skip
        return {"info": user, "parts": [question]}, {"info": assistant, "parts": parts}

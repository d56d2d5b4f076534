# SPDX-License-Identifier: MIT
"""Turns of the real OpenCode as it told them, with ids and folders made plain, to be played by the fake.

python -m tests.fakes.recording OPENCODE_BINARY      records the turns of SCRIPTS anew
"""

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from opencode_nexus.core.ids import new_id
from opencode_nexus.opencode.api import Client
from opencode_nexus.opencode.events import Event, PermissionAsked, SessionCreated, SessionIdle
from opencode_nexus.opencode.fold import SessionState, fold
from opencode_nexus.opencode.sse import Splitter
from opencode_nexus.opencode.stream import events
from tests.fakes.real import OpenCode, Provider

FOLDER = Path(__file__).parent / "recorded"
TITLE = "Recorded"
SCRIPTS: dict[str, list[list[dict[str, Any]]]] = {
    "answer": [
        [
            {"reasoning": "think {i} ", "n": 3},
            {"text": "word{i} ", "n": 5},
            {"tool": "bash", "args": {"command": "touch made.txt", "description": "make it"}},
        ],
        [{"text": "And it is done.\n"}],
    ],
    "refused": [[{"status": 400, "body": {"error": {"message": "no such luck"}}}]],
}
_ID = re.compile(r"\b(evt|ses|msg|prt|per|que|call)_[0-9A-Za-z_]+")
_TIME = re.compile(r"\b1[78]\d{11}\b")


def plain(text: str, root: Path, known: dict[str, str]) -> str:
    """Ids become their kind and a number, times a constant, the folder /project."""

    def numbered(found: re.Match[str]) -> str:
        kind = found[1]
        count = sum(1 for name in known.values() if name.startswith(f"{kind}_"))
        return known.setdefault(found[0], f"{kind}_{count:04}")

    project = str(root / "project")
    text = text.replace(project, "/project").replace(project.lstrip("/"), "project").replace(str(root), "/root")
    return _TIME.sub("1700000000000", _ID.sub(numbered, text))


async def turn(opencode: OpenCode, script: list[list[dict[str, Any]]]) -> tuple[str, list[tuple[str, Event]]]:
    """Run a script in a new session, allowing what is asked; returns the session and all its events."""
    client = Client(opencode.base_url, opencode.username, opencode.password)
    heard: list[tuple[str, Event]] = []
    session_id = ""
    try:
        async with asyncio.timeout(60):
            async for batch in events(client):
                if not session_id:
                    # "connected" is said before the stream listens: only what is heard proves that it does.
                    if any(isinstance(event, SessionCreated) for _, event in batch):
                        session_id = str((await client.create(str(opencode.project), TITLE))["id"])
                        words = "#script " + json.dumps(script)
                        await client.prompt(session_id, words, None, None, new_id("prt"))
                    else:
                        await client.create(str(opencode.project), "Is anybody there?")
                    continue
                heard += [one for one in batch if one[1].session_id == session_id]
                for directory, event in batch:
                    if isinstance(event, PermissionAsked):
                        await client.reply_permission(directory, event.id, "once", "")
                # idle may come twice, and the message's end after the first
                last = next(reversed(folded(session_id, heard).messages.values()), None)
                if last and last.completed and any(isinstance(event, SessionIdle) for _, event in heard):
                    return session_id, heard
    finally:
        await client.close()
    raise AssertionError("the stream ended before the turn did")


def folded(session_id: str, heard: list[tuple[str, Event]]) -> SessionState:
    """The state that the events make of nothing."""
    state = SessionState(session_id)
    for _, event in heard:
        fold(state, event)
    return state


def shape(state: SessionState) -> dict[str, Any]:
    """What of a state does not differ from run to run."""
    return {
        "title": state.title,
        "status": state.status.kind,
        "error": state.error and state.error.get("name"),
        "waiting": len(state.permissions) + len(state.questions),
        "messages": [
            {
                "role": message.role,
                "completed": message.completed is not None,
                "error": message.error and message.error.get("name"),
                "parts": [
                    (part.kind, part.text, part.closed, part.data.get("tool"), part.data.get("state", {}).get("status"))
                    for part in message.parts.values()
                ],
            }
            for message in state.messages.values()
        ],
    }


def recorded(name: str) -> list[bytes]:
    """The bodies of one recorded turn's events, as they came on /global/event."""
    return (FOLDER / f"{name}.jsonl").read_bytes().splitlines()


async def record(binary: Path) -> None:
    """Write what the real one says for each script."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        provider = Provider(root / "said.jsonl")
        opencode = OpenCode(binary, root / "oc", provider.config())
        try:
            opencode.start()
            for name, script in SCRIPTS.items():
                known: dict[str, str] = {}
                bodies = await raw_turn(opencode, script)
                text = "\n".join(plain(body.decode(), opencode.root, known) for body in bodies)
                FOLDER.mkdir(exist_ok=True)
                (FOLDER / f"{name}.jsonl").write_text(text + "\n")
        finally:
            opencode.kill()
            provider.close()


async def raw_turn(opencode: OpenCode, script: list[list[dict[str, Any]]]) -> list[bytes]:
    """The bodies of a turn's events, `sync` copies too."""
    client = Client(opencode.base_url, opencode.username, opencode.password)
    splitter, bodies = Splitter(), list[bytes]()
    try:
        async with client.http.stream("GET", "/global/event") as answer:
            running = asyncio.create_task(turn(opencode, script))
            async for chunk in answer.aiter_raw():
                bodies += splitter.feed(chunk)
                if running.done():
                    session_id = running.result()[0].encode()
                    return [body for body in bodies if session_id in body]
    finally:
        await client.close()
    raise AssertionError("the stream ended before the turn did")


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))

# SPDX-License-Identifier: MIT
"""What is recorded: every kind of part and event that a session of OpenCode 1.18.33 has here."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.real import Provider

if TYPE_CHECKING:
    from tests.replay.record import Recorder

Scene = Callable[["Recorder"], Awaitable[None]]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def config(provider: Provider) -> dict[str, Any]:
    """The usual one, with a sub-agent that may begin sub-agents of its own."""
    made = provider.config()
    made["permission"] |= {"task": "allow"}
    made["subagent_depth"] = 3  # 1 unless told otherwise
    made["agent"] = {
        "digger": {
            "description": "Digs deeper.",
            "mode": "all",
            "prompt": "You dig.",
            "tools": {"task": True},
            "permission": {"task": "allow", "bash": {"*": "allow", "touch *": "ask"}},
        }
    }
    return made


async def tools(r: "Recorder") -> None:
    """Text, reasoning and the built-in tools, standing still in the middle of a text and of a command."""
    one = await r.session("Tools")
    await r.say(
        one,
        [
            {"reasoning": "think{i} ", "n": 12},
            {"text": "First **words** {i}. ", "n": 15},
            {"wait": "tools-a"},
            {"text": "more {i}\n\n", "n": 5},
            {"tool": "bash", "args": {"command": "for i in 1 2 3; do echo line $i; sleep .1; done", "description": ""}},
            {"tool": "write", "args": {"filePath": f"{r.directory}/a.py", "content": "x = 1\ny = 2\n"}},
        ],
        [
            {"tool": "edit", "args": {"filePath": f"{r.directory}/a.py", "oldString": "x = 1", "newString": "x = 3"}},
            {"tool": "read", "args": {"filePath": f"{r.directory}/a.py"}},
            {"tool": "glob", "args": {"pattern": "*.py"}},
            {"tool": "grep", "args": {"pattern": "y ="}},
            {"tool": "nosuchtool", "args": {"a": 1}},
        ],
        [
            {
                "tool": "todowrite",
                "args": {
                    "todos": [
                        {"content": "one", "status": "completed", "priority": "high", "id": "1"},
                        {"content": "two", "status": "in_progress", "priority": "low", "id": "2"},
                    ]
                },
            },
            {"tool": "bash", "args": {"command": "seq 1 9000; exit 3", "description": "long"}},
        ],
        [{"text": "```python\nprint(1)\n```\n| a | b |\n|--|--|\n| 1 | {i} |\n", "n": 2}, {"text": "The end."}],
    )  # fmt: skip
    await r.gate("tools-a")
    await r.look()
    r.release("tools-a")
    await r.idle(one)
    await r.look()
    await r.say(
        one, [{"tool": "bash", "args": {"command": "echo a; sleep 2; echo b", "description": "slow"}}], [{"text": "ok"}]
    )
    await r.until('"status":"running","input":{"command":"echo a')
    await r.look()
    await r.idle(one, 2)


async def subagents(r: "Recorder") -> None:
    """Sub-agents as deep as this version lets them, and what the deepest asks for."""
    one = await r.session("Sub-agents")

    def task(words: str, agent: str = "digger") -> dict[str, Any]:
        return {"tool": "task", "args": {"description": "dig", "prompt": words, "subagent_type": agent}}

    third = "#script " + json.dumps(
        [
            [{"text": "deep{i} ", "n": 8}, {"tool": "bash", "args": {"command": "touch deep", "description": "ask"}}],
            [{"text": "third done"}],
        ]
    )
    second = "#script " + json.dumps([[{"text": "second{i} ", "n": 4}, task(third)], [{"text": "second done"}]])
    await r.say(one, [{"text": "first{i} ", "n": 4}, task(second)], [{"text": "all done"}])
    permission = await r.asked("permission")
    await r.look()
    await r.client.reply_permission(r.directory, permission, "once", "")
    await r.idle(one)


async def families(r: "Recorder") -> None:
    """Sessions under sessions, made over the API, that all speak at once."""
    top = await r.session("Top")
    chain = [top]
    for depth in range(4):
        chain.append(await r.session(f"Depth {depth + 1}", parent=chain[-1]))
    for number, one in enumerate(chain):
        await r.say(
            one,
            [
                {"text": f"s{number}w{{i}} ", "n": 25, "rate": 60},
                {"tool": "bash", "args": {"command": f"touch t{number}", "description": "ask"}},
            ],
            [{"text": "so"}],
        )
    for number in range(len(chain)):
        permission = await r.asked("permission", number + 1)
        if number == 2:
            await r.look()
        await r.client.reply_permission(r.directory, permission, ("once", "reject")[number % 2], "")
    for one in chain:
        await r.idle(one)
    await r.client.delete(chain[2])
    await r.quiet()


async def asking(r: "Recorder") -> None:
    """Permissions and questions: answered in each way there is."""
    one = await r.session("Asking")

    def touch(name: str) -> dict[str, Any]:
        return {"tool": "bash", "args": {"command": f"touch {name}", "description": "touch"}}

    question = {
        "tool": "question",
        "args": {
            "questions": [
                {
                    "question": "Which?",
                    "header": "W",
                    "options": [{"label": "A", "description": "first"}, {"label": "B", "description": "second"}],
                    "multiple": False,
                }
            ]
        },
    }
    await r.say(one, [{"text": "May I? "}, touch("a")], [touch("b")], [question], [{"text": "Thanks."}])
    await r.client.reply_permission(r.directory, await r.asked("permission", 1), "once", "")
    second = await r.asked("permission", 2)
    await r.look()
    await r.client.reply_permission(r.directory, second, "reject", "not this one, please")
    asked = await r.asked("question", 1)
    await r.look()
    await r.client.reply_question(r.directory, asked, [["B"]])
    await r.idle(one)
    await r.say(one, [touch("c")], [{"text": "never"}])
    await r.client.reply_permission(r.directory, await r.asked("permission", 3), "reject", "")
    await r.idle(one, 2)
    await r.look()
    await r.say(one, [question], [{"text": "never"}])
    await r.client.reply_question(r.directory, await r.asked("question", 2), None)
    await r.idle(one, 3)
    await r.say(one, [touch("d")], [touch("e")], [{"text": "Always."}])
    await r.client.reply_permission(r.directory, await r.asked("permission", 4), "always", "")
    await r.idle(one, 4)


async def errors(r: "Recorder") -> None:
    """A refusal, a failure that passes, a cut connection, and a model that is not there."""
    one = await r.session("Errors")
    await r.say(one, [{"status": 400, "body": {"error": {"message": "no such luck"}}}])
    await r.idle(one)
    await r.look()
    await r.say(one, [{"status": 500, "times": 1}, {"text": "after all {i} ", "n": 4}])
    await r.until('"type":"retry"')
    await r.look()
    await r.until('"reason":"stop"')
    await r.quiet()
    await r.say(
        one,
        [
            {"reasoning": "hm{i} ", "n": 4},
            {"text": "cut{i} ", "n": 20, "rate": 50},
            {"drop": True, "times": 1},
            {"text": "whole"},
        ],
    )
    await r.until('"reason":"stop"', 2)
    await r.quiet()
    await r.look()
    await r.text_to(one, "hello", model={"providerID": "scripted", "modelID": "nosuch"})
    await r.until('"type":"session.error"', 2)
    await r.quiet()
    two = await r.session("Only errors")
    await r.text_to(two, "hello", model={"providerID": "scripted", "modelID": "nosuch"})
    await r.until('"type":"session.error"', 3)
    await r.quiet()


async def aborts(r: "Recorder") -> None:
    """Stopped in the middle of a text, of a command, of a question; and a second message while busy."""
    one = await r.session("Aborts")
    await r.say(
        one,
        [{"reasoning": "thinking{i} ", "n": 5}, {"text": "said{i} ", "n": 10}, {"wait": "abort-a"}, {"text": "never"}],
    )
    await r.gate("abort-a")
    await r.look()
    await r.client.abort(one)
    await r.idle(one, 2)
    await r.look()
    await r.say(
        one,
        [{"text": "now: "}, {"tool": "bash", "args": {"command": "echo begun; sleep 30", "description": "long"}}],
        [{"text": "never"}],
    )
    await r.until('"output":"begun')
    await r.look()
    await r.client.abort(one)
    await r.idle(one, 4)
    await r.look()
    await r.say(one, [{"tool": "bash", "args": {"command": "touch never", "description": "ask"}}], [{"text": "never"}])
    await r.asked("permission", 1)
    await r.client.abort(one)
    await r.quiet()
    await r.look()
    await r.say(one, [{"text": "a{i} ", "n": 10}, {"wait": "abort-b"}, {"text": " b"}])
    await r.gate("abort-b")
    await r.text_to(one, "and this too")
    await r.look()
    r.release("abort-b")
    await r.until('"reason":"stop"', 2)
    await r.quiet()


async def history(r: "Recorder") -> None:
    """Compaction, undoing and redoing, forking, commands, shell, files, taking away, renaming."""
    one = await r.session("History")
    await r.say(
        one,
        [{"text": "made. "}, {"tool": "write", "args": {"filePath": f"{r.directory}/h.txt", "content": "one\n"}}],
        [{"text": "wrote it"}],
    )
    await r.idle(one)
    image = {"type": "file", "mime": "image/png", "filename": "dot.png", "url": f"data:image/png;base64,{PIXEL}"}
    await r.text_to(one, '#script [[{"text": "a picture"}]]', parts=[image, {"type": "agent", "name": "digger"}])
    await r.idle(one, 2)
    await r.look()
    messages = await r.client.json("GET", f"/session/{one}/message")
    users = [item["info"]["id"] for item in messages if item["info"]["role"] == "user"]
    await r.client.json("POST", f"/session/{one}/revert", body={"messageID": users[1]})
    await r.look()
    await r.client.json("POST", f"/session/{one}/unrevert", body={})
    await r.look()
    await r.client.json("POST", f"/session/{one}/revert", body={"messageID": users[1]})
    await r.quiet()
    await r.say(one, [{"text": "in its place"}])
    await r.idle(one, 3)
    await r.look()
    await r.client.json("POST", f"/session/{one}/fork", body={"messageID": users[0]})
    await r.client.json("POST", f"/session/{one}/fork", body={})
    await r.look()
    await r.client.json("POST", f"/session/{one}/shell", body={"agent": "build", "command": "echo from the shell"})
    await r.look()
    await r.client.json("POST", f"/session/{one}/summarize", body={"providerID": "scripted", "modelID": "m1"})
    await r.look()
    await r.client.rename(one, "Renamed")
    messages = await r.client.json("GET", f"/session/{one}/message")
    last = messages[-1]
    await r.client.json("DELETE", f"/session/{one}/message/{last['info']['id']}/part/{last['parts'][-1]['id']}")
    await r.client.json("DELETE", f"/session/{one}/message/{last['info']['id']}")
    await r.look()
    two = await r.session("To be deleted")
    await r.say(two, [{"text": "gone soon"}])
    await r.idle(two)
    await r.client.delete(two)


async def rates(r: "Recorder") -> None:
    """200 words a second, beside two other sessions that speak."""
    ones = [await r.session(f"Fast {number}") for number in range(3)]
    for number, one in enumerate(ones):
        n, rate = ((500, 200), (60, 40), (40, 30))[number]
        await r.text_to(one, f"STREAM n={n} r={rate} w=3 id=s{number}")
    for one in ones:
        await r.idle(one)


async def killed(r: "Recorder") -> None:
    """Its folder is loaded anew in the middle of a turn: the turn ends as if stopped."""
    one = await r.session("Disposed")
    await r.say(one, [{"text": "said{i} ", "n": 12}, {"wait": "dispose"}, {"text": "never"}])
    await r.gate("dispose")
    await r.look()
    await r.client.dispose()
    await r.quiet()
    await asyncio.sleep(0.5)


SCENES: dict[str, Scene] = {
    "tools": tools,
    "subagents": subagents,
    "families": families,
    "asking": asking,
    "errors": errors,
    "aborts": aborts,
    "history": history,
    "rates": rates,
    "disposed": killed,
}

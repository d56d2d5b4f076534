# SPDX-License-Identifier: MIT
"""A conversation's page: whatever happens to the state, the patched page is the page rendered afresh; and
what each piece looks like is kept as a golden file."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opencode_nexus.live.view import View
from opencode_nexus.opencode.state import Change, Message, Part, Permission, Question, SessionState, Status, Untaken
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.conversation import KEPT, WINDOW, Conversation
from opencode_nexus.render.highlight import Highlighter
from opencode_nexus.render.past import Past, past_html
from tests.fakes.page_model import PageModel
from tests.unit.render.tool_calls import PIXEL, TODOS

GOLDEN = Path(__file__).parent / "golden"
LINKS = Links("/base", "srv_1", "ses_1")
DIFF = "--- a\n+++ a\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new & better\n"


def message(number: int, role: str = "assistant", **more: Any) -> Message:
    return Message(f"msg_{number:03d}", role, 1.0e9 + number, **more)


def part(owner: Message, number: int, kind: str = "text", text: str = "", **more: Any) -> Part:
    made = Part(f"prt_{owner.id}_{number}", owner.id, kind, text, **more)
    owner.parts[made.id] = made
    return made


def tool(owner: Message, number: int, name: str, **state: Any) -> Part:
    return part(owner, number, "tool", data={"tool": name, "state": state})


def cases() -> dict[str, SessionState]:
    user = message(1, "user", completed=1.0e9)
    part(user, 1, text="Do <this>\nand that.")
    part(user, 2, text="1| a file", data={"synthetic": True})
    part(user, 3, "file", data={"filename": "a.png", "mime": "image/png"})

    done = message(
        2,
        completed=1.0e9 + 9,
        info={"modelID": "m1", "finish": "stop", "cost": 0.02, "tokens": {"input": 1200, "output": 30}},
    )
    part(done, 1, "reasoning", "Think **hard**.")
    part(done, 2, text="Said `so`.")
    part(done, 3, "step-finish")
    part(done, 4, "patch", data={"files": ["/p/a.py", "/p/b.py"]})

    tools = message(3, info={"finish": "tool-calls"})
    tool(tools, 1, "bash", status="pending", input={})
    tool(tools, 2, "bash", status="running", input={"command": "ls -A"}, metadata={"output": "a\n"})
    tool(
        tools,
        3,
        "bash",
        status="completed",
        input={"command": "false"},
        output="no",
        metadata={"exit": 1},
        time={"start": 1000, "end": 4500},
    )
    tool(tools, 4, "edit", status="completed", input={"filePath": "/p/a.py"}, output="ok", metadata={"diff": DIFF})
    tool(tools, 5, "grep", status="error", input={"pattern": "<x>"}, error="ripgrep <failed>")
    tool(
        tools,
        6,
        "todowrite",
        status="completed",
        input={"todos": [{"content": "one", "status": "in_progress"}]},
        output="[]",
    )
    tool(tools, 7, "bash", status="completed", input={"command": "seq 1 9999"}, output="\n".join(map(str, range(900))))

    marks = message(4)
    part(marks, 1, text="before after", gaps=[7], closed=False)
    part(marks, 2, text="cut off here", interrupted=True)
    stopped = message(5, error={"name": "MessageAbortedError", "data": {"message": "aborted"}})
    failed = message(
        6,
        error={
            "name": "APIError",
            "data": {"message": "Bad <key>", "statusCode": 401, "responseBody": '{"error": "x"}'},
        },
    )

    def state(*messages: Message, **more: Any) -> SessionState:
        return SessionState("ses_1", "A <chat>", "/p", messages={m.id: m for m in messages}, **more)

    asked_for = message(7, "user", completed=1.0e9, info={"summary": {"diffs": [
        {"file": "a.py", "patch": DIFF, "additions": 1, "deletions": 1, "status": "modified"},
        {"file": "b.py", "patch": "", "additions": 10, "deletions": 0, "status": "added"},
    ]}})  # fmt: skip
    part(
        asked_for, 1, "file", data={"filename": "b.txt", "mime": "text/plain", "url": "data:text/plain;base64,aGVsbG8="}
    )
    part(asked_for, 2, "file", data={"filename": "a.gif", "mime": "image/gif", "url": PIXEL})
    part(asked_for, 3, "file", data={"filename": "a.py", "mime": "text/plain", "url": "file:///p/a.py"})
    part(asked_for, 4, "agent", data={"name": "plan"})
    part(asked_for, 5, "subtask", data={"agent": "general", "description": "Look", "prompt": "at <it>", "command": "c"})
    part(asked_for, 6, "compaction", data={"auto": True})
    kinds = message(8, completed=1.0e9 + 9, info={"finish": "stop", "parentID": asked_for.id, "summary": True})
    tokens = {"input": 900, "output": 20, "reasoning": 5, "cache": {"read": 100, "write": 0}}
    part(kinds, 1, "step-start", data={"snapshot": "0123456789abcdef"})
    part(kinds, 2, "snapshot", data={"snapshot": "0123456789abcdef"})
    part(kinds, 3, "retry", data={"attempt": 2, "error": {"name": "APIError", "data": {"message": "busy <now>"}}})
    part(kinds, 4, "step-finish", data={"reason": "tool-calls", "cost": 0.0012, "tokens": tokens})
    part(kinds, 5, "hologram", data={"id": "x", "type": "hologram", "beam": {"of": "<light>"}})
    part(kinds, 6, "nothing", data={"id": "x", "type": "nothing"})
    part(kinds, 7, text="Said.")

    ask = Permission("per_1", "ses_child", "bash", ("git push",), ("git *",), {"command": "git push <x>"})
    asked = Question(
        "que_1",
        "ses_1",
        ({"question": "Which?", "options": [{"label": "A", "description": "first"}], "multiple": True},),
    )
    return {
        "messages": state(user, done),
        "tools": state(tools, status=Status("busy")),
        "marks": state(marks, stopped, failed),
        "parts": state(asked_for, kinds, todos=TODOS),
        "asks": state(status=Status("busy"), permissions={ask.id: ask}, questions={asked.id: asked}),
        "retry": state(status=Status("retry", 2, "scripted 500", 1.0e9)),
        "cut": state(interrupted=True),
        "untaken": state(
            untaken=[
                Untaken("prt_0123456789a", "Do <this>\n  and that.", 1.0e9, None, None, sure=True),
                Untaken("prt_0123456789b", "And this?", 1.0e9 + 1, "p/m", "plan", sure=False),
            ]
        ),
        "error": state(error={"name": "ProviderAuthError", "data": {"message": "No key <here>"}}),
    }


COLOURS = Highlighter()


def page(state: SessionState) -> Conversation:
    return Conversation(state, LINKS, COLOURS)


def lines(html: str) -> str:
    """HTML with each element on a line of its own, to be read and compared."""
    return html.replace("><", ">\n<") + "\n"


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the machine's zone; the golden files were made in UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone for one program")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", list(cases()))
def test_golden(name: str) -> None:
    expected = (GOLDEN / f"chat-{name}.html").read_text(encoding="utf-8")
    assert lines(page(cases()[name]).tree().html()) == expected


def test_only_the_newest_messages_are_on_the_page_and_the_way_to_the_rest() -> None:
    state = SessionState("ses_1", messages={m.id: m for m in (message(n, "user") for n in range(100))}, has_older=True)
    html = page(state).tree().html()
    assert html.count("<article") == WINDOW
    assert 'href="/base/chat/srv_1/ses_1?before=msg_070&amp;at=1000000070000"' in html


def test_a_long_open_chat_lets_go_of_its_oldest_messages() -> None:
    state = SessionState("ses_1", messages={"msg_000": message(0, "user")})
    shown = page(state)
    view = View(shown.tree)
    for number in range(1, 200):
        state.messages[f"msg_{number:03d}"] = message(number, "user")
        shown.change([Change("message", f"msg_{number:03d}")])
        view.collect()
        assert view.html().count("<article") <= KEPT
    assert 'id="msg_199"' in view.html()


def test_what_was_undone_is_hidden() -> None:
    state = SessionState("ses_1", messages={m.id: m for m in (message(n, "user") for n in range(4))})
    shown = page(state)
    shown.tree()
    state.revert_from = "msg_002"
    shown.change([Change("session")])
    html = shown.tree().html()
    assert 'id="msg_001"' in html
    assert 'id="msg_002"' not in html


def test_when_all_of_the_window_was_undone_the_way_to_the_rest_is_there() -> None:
    state = SessionState("ses_1", messages={m.id: m for m in (message(n, "user") for n in range(50, 90))})
    state.revert_from, state.has_older = "msg_020", True
    html = page(state).tree().html()
    assert "<article" not in html
    assert "Nothing said yet" not in html
    assert "before=msg_050" in html


def test_a_piece_of_the_past_leads_to_what_is_before_and_after_it() -> None:
    messages = [message(n, "user") for n in range(3)]
    html = past_html(SessionState("ses_1"), Past(messages, before=True, after=True), LINKS)
    assert html.count("<article") == 3
    assert "?before=msg_000" in html
    assert "?after=msg_002" in html
    alone = past_html(SessionState("ses_1"), Past(messages, before=False, after=False), LINKS)
    assert "data-older" not in alone
    assert "data-newer" not in alone


def test_nothing_is_made_again_without_need() -> None:
    user, answer = message(1, "user"), message(2)
    part(user, 1, text="q")
    growing = part(answer, 1, text="a", closed=False)
    state = SessionState("ses_1", messages={user.id: user, answer.id: answer}, status=Status("busy"))
    shown = page(state)
    view = View(shown.tree)
    growing.text += " b"
    shown.change([Change("delta", answer.id, growing.id)])
    assert view.collect() == [("text", f"{'prt_msg_002_1'[-10:]}.0", " b")]


PIECES = [
    "word ",
    "**bold** ",
    "\n\n",
    "- item\n",
    "```py\nx = 1\n",
    "```\n",
    "# head\n",
    "<b>",
    "| a |\n|--|\n",
    "1. x\n",
]


class World:
    """A session to which things happen as OpenCode lets them happen."""

    def __init__(self) -> None:
        self.state = SessionState("ses_1", "t", "/p")
        self.count = 0

    def act(self, what: str, pick: int, piece: str) -> list[Change]:
        state = self.state
        open_parts = [p for m in state.messages.values() for p in m.parts.values() if not p.closed]
        messages = list(state.messages.values())
        self.count += 1
        match what:
            case "message":
                made = message(self.count, "user" if pick % 3 == 0 else "assistant")
                state.messages[made.id] = made
                return [Change("message", made.id)]
            case "part" if messages:
                owner = messages[-1 - pick % min(2, len(messages))]
                kind = ("text", "reasoning", "tool")[pick % 3]
                data = {"tool": "bash", "state": {"status": "running", "input": {"command": piece}}}
                made_ = part(owner, self.count, kind, closed=kind == "tool", data=data if kind == "tool" else {})
                return [Change("part", owner.id, made_.id)]
            case "delta" if open_parts:
                grown = open_parts[pick % len(open_parts)]
                grown.text += piece
                return [Change("delta", grown.message_id, grown.id)]
            case "gap" if open_parts:
                open_parts[-1].gaps = [len(open_parts[-1].text)]
                return [Change("part", open_parts[-1].message_id, open_parts[-1].id)]
            case "close" if open_parts:
                ended = open_parts[0]
                ended.closed, ended.gaps, ended.interrupted = True, [], pick % 4 == 0
                return [Change("part", ended.message_id, ended.id)]
            case "drop" if messages and messages[-1].parts:
                part_id = list(messages[-1].parts)[-1]
                del messages[-1].parts[part_id]
                return [Change("part-removed", messages[-1].id, part_id)]
            case "remove" if messages:
                gone = messages[pick % len(messages)].id
                del state.messages[gone]
                return [Change("message-removed", gone)]
            case "complete" if messages:
                messages[-1].completed = 1.0e9
                return [Change("message", messages[-1].id)]
            case "status":
                state.status = Status(("idle", "busy", "retry")[pick % 3])
                return [Change("status")]
            case "ask":
                asked = Permission(f"per_{self.count}", "ses_1", "bash", (piece,), (), {})
                state.permissions[asked.id] = asked
                return [Change("permission")]
            case "untaken":
                state.untaken = [Untaken(f"prt_{self.count:011d}", piece, 1.0e9, None, None, sure=pick % 2 == 0)][
                    pick % 3 :
                ]
                return [Change("untaken")]
            case "todos":
                state.todos = TODOS[: pick % 4]
                return [Change("todos")]
            case "answer" if state.permissions:
                del state.permissions[next(iter(state.permissions))]
                return [Change("permission")]
        return []


ACTS = st.tuples(
    st.sampled_from(
        [
            "message",
            "part",
            "delta",
            "delta",
            "delta",
            "delta",
            "gap",
            "close",
            "drop",
            "remove",
            "complete",
            "status",
            "ask",
            "answer",
            "untaken",
            "todos",
        ]
    ),
    st.integers(0, 11),
    st.sampled_from(PIECES),
)


@example([[("message", 1, "word "), ("part", 0, "word "), ("gap", 0, "word ")], [("close", 0, "word ")]])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ACTS, min_size=1, max_size=6), max_size=12))
def test_the_patched_page_is_the_fresh_page(batches: list[list[tuple[str, int, str]]]) -> None:
    world = World()
    shown = page(world.state)
    view = View(shown.tree)
    open_page = PageModel(view.html())
    for batch in batches:
        for act in batch:
            shown.change(world.act(*act))
        open_page.apply(view.collect())
        assert open_page.html() == PageModel(view.html()).html(), "the patches make the tree's page"
    fresh = Conversation(world.state, LINKS, COLOURS, size=max(WINDOW, len(world.state.messages)))
    made = PageModel(fresh.tree().html()).html()
    assert numbered(open_page.html()) == numbered(made), "and that is the page made afresh"


def numbered(html: str) -> str:
    """The page with the blocks of each text numbered anew, in their order: they keep the keys that they were given."""
    texts: dict[str, dict[str, int]] = {}

    def anew(key: re.Match[str]) -> str:
        given = texts.setdefault(key[1], {})  # a key that stands there twice stays one that does
        return f'data-k="{key[1]}.{given.setdefault(key[2], len(given))}"'

    return re.sub(r'data-k="([^"]+)\.(\d+)"', anew, html)


if (
    __name__ == "__main__"
):  # writes the golden files, to be looked at: TZ=UTC python -m tests.unit.render.test_conversation
    for case, shown_state in cases().items():
        (GOLDEN / f"chat-{case}.html").write_text(lines(page(shown_state).tree().html()), encoding="utf-8")

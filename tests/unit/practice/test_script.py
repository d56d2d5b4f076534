# SPDX-License-Identifier: MIT
"""The script: what it does at each moment of a turn, and that it says only what is true."""

import json
from typing import Any

import pytest

from opencode_nexus.practice.script import Call, Say, Step, Think, pieces, plan, read_turn

TOOLS = ("bash", "edit", "glob", "grep", "question", "read", "skill", "task", "todowrite", "write")
SYSTEM = {"role": "system", "content": "You are a coding agent."}


def request(*messages: dict[str, Any], tools: tuple[str, ...] = TOOLS) -> dict[str, Any]:
    offered = [{"type": "function", "function": {"name": name}} for name in tools]
    return {"model": "practice", "messages": [SYSTEM, *messages], **({"tools": offered} if tools else {})}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def ran(number: int, call: Call, output: str) -> list[dict[str, Any]]:
    function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
    calls = [{"id": f"call_{number}", "type": "function", "function": function}]
    return [
        {"role": "assistant", "content": "…", "tool_calls": calls},
        {"role": "tool", "tool_call_id": f"call_{number}", "content": output},
    ]


def said(steps: list[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Say))


def called(steps: list[Step]) -> Call:
    (call,) = [step for step in steps if isinstance(step, Call)]
    return call


def tour(listing: str, note: str) -> list[list[Step]]:
    """Walk a whole first turn and return the steps of its three requests."""
    talk = [user("hi")]
    first = plan(request(*talk))
    talk += ran(1, called(first), listing)
    second = plan(request(*talk))
    talk += ran(2, called(second), note)
    return [first, second, plan(request(*talk))]


def test_a_first_turn_thinks_lists_asks_and_ends() -> None:
    first, second, third = tour("a.py\nb.py\n", "(no output)")
    assert [type(step) for step in first] == [Think, Say, Call]
    assert (called(first).tool, called(first).arguments["command"]) == ("bash", "ls -A")
    assert "2 lines" in said(second)
    assert called(second).arguments["command"] == "touch practice-note.txt"
    assert [type(step) for step in third] == [Say]
    assert "is there now" in said(third)
    for shape in ("\n1. ", "\n```python\n", "\n|---|---|\n"):
        assert shape in said(third)


@pytest.mark.parametrize(
    ("listing", "truth"),
    [
        ("one\n", "1 line;"),
        ("(no output)", "The folder is empty."),
        ("", "The folder is empty."),
        ("The user rejected permission to use this specific tool call. Feedback: no", "did not let me list"),
    ],
)
def test_it_tells_what_the_listing_gave(listing: str, truth: str) -> None:
    assert truth in said(tour(listing, "")[1])


@pytest.mark.parametrize(
    ("note", "truth"),
    [
        ("The user rejected permission … with the following feedback: not here", "no file was created"),
        ("touch: cannot touch 'practice-note.txt': Read-only file system", "Read-only file system"),
        ("", "is there now"),
    ],
)
def test_it_tells_what_became_of_the_file(note: str, truth: str) -> None:
    ending = said(tour("a\n", note)[2])
    assert truth in ending
    assert ("is there now" in ending) == (note == "")


def test_tools_are_taken_from_what_is_offered() -> None:
    assert called(plan(request(user("hi"), tools=("glob",)))).tool == "glob"
    assert called(plan(request(user("hi"), tools=("list", "bash")))).tool == "list"
    assert "created nothing" in said(plan(request(user("hi"), tools=("webfetch",))))


def test_a_later_message_is_quoted_and_a_rejection_before_is_told() -> None:
    first = called(plan(request(user("hi"))))
    note = Call("bash", {"command": "touch practice-note.txt"})
    rejected = "The user rejected permission to use this specific tool call."
    talk = [user("hi"), *ran(1, first, "a\n"), *ran(2, note, rejected), user("and\nnow?")]
    answer = said(plan(request(*talk)))
    assert "You rejected the command last time" in answer
    assert "> and\n> now?" in answer


def test_words_it_knows() -> None:
    talk = [user("hi"), {"role": "assistant", "content": "Hello"}]
    assert isinstance(plan(request(*talk, user("Show me the tour again")))[-1], Call)
    assert said(plan(request(*talk, user("a LONG one please")))).count("Paragraph ") == 40


def test_reminders_are_not_taken_for_the_users_words() -> None:
    reminder = {"role": "user", "content": "<system-reminder>long tour</system-reminder>"}
    turn = read_turn(request(user("what is this?"), reminder))
    assert turn.asked == "what is this?"


def test_titles_come_from_the_users_words() -> None:
    system = {"role": "system", "content": "You are a title generator. You output ONLY a thread title."}
    words = "please explain the build of this project to me, slowly and with examples"
    body = {"messages": [system, user("Generate a title for this conversation:"), user(words)]}
    assert said(plan(body)) == "Practice: please explain the build of this…"


def test_without_tools_it_does_not_pretend_to_summarise() -> None:
    assert "cannot summarise" in said(plan(request(user("hi"), tools=())))


@pytest.mark.parametrize("text", ["", " ", "a", "  a b\n\n```\nc  d\n```\n", "ü – „x“ \n"])
def test_pieces_lose_nothing(text: str) -> None:
    assert "".join(pieces(text)) == text

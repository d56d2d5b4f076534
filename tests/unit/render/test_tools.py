# SPDX-License-Identifier: MIT
"""Each tool's calls as a page shows them, kept as golden files; and what a call must not cost."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.components.tool import tool
from opencode_nexus.render.components.tools.views import title_of
from opencode_nexus.render.components.whole import whole
from tests.unit.render.tool_calls import EDITED, FOLDER, calls, done, failed, running

GOLDEN = Path(__file__).parent / "golden"
LINKS = Links("/base", "srv_1", "ses_1")
ICON = re.compile(r"<svg .*?</svg>")


def part(name: str, state: Any, number: int = 0) -> Part:
    return Part(f"prt_{name}_{number}", "msg_1", "tool", data={"tool": name, "state": state})


def html(name: str, state: Any, number: int = 0) -> str:
    return tool(part(name, state, number), LINKS, 1000, FOLDER).html()


def lines(text: str) -> str:
    """HTML with each element on a line of its own, to be read and compared; icons left out."""
    return ICON.sub("", text).replace("><", ">\n<") + "\n"


@pytest.mark.parametrize("name", list(calls()))
def test_golden(name: str) -> None:
    made = "".join(html(tool_name, state, number) for number, (tool_name, state) in enumerate(calls()[name]))
    assert lines(made) == (GOLDEN / f"tool-{name}.html").read_text(encoding="utf-8")


def test_a_folded_call_is_few_elements() -> None:
    for name, given in calls().items():
        for tool_name, state in given:
            count = len(re.findall(r"<[a-z]", html(tool_name, state)))
            assert count <= (45 if name == "patch" else 25), (name, tool_name, count)


def test_an_output_of_10_mb_costs_what_is_shown_of_it() -> None:
    long = "line\n" * 2_000_000
    for name in ("bash", "grep", "glob", "read", "webfetch", "skill", "task", "github_get", "list", "question"):
        entered = {"command": "x", "pattern": "x", "filePath": "x", "url": "x", "name": "x", "prompt": long}
        made = html(name, done(entered, long, output=long))
        assert len(made) < 60_000, name
    made = html("write", done({"filePath": "x", "content": long}, "ok"))
    assert len(made) < 60_000
    assert "Show all (10,000 KB)" in made
    assert len(html("bash", running({"command": long}))) < 60_000
    assert len(html("edit", running({"filePath": "x", "oldString": long, "newString": "y"}))) < 60_000


def test_what_is_cut_leads_to_the_whole() -> None:
    long = "\n".join(map(str, range(5000)))
    made = html("bash", done({"command": "seq"}, long, exit=0))
    assert 'href="/base/chat/srv_1/ses_1/part/msg_1/prt_bash_0?at=1000"' in made
    assert "4999" in made, "of a command's output the end is shown"
    assert ">0\n" not in made
    assert long in whole(part("bash", done({"command": "seq"}, long)))


def test_the_whole_of_a_change_is_a_diff_in_either_form() -> None:
    item = part("edit", done({"filePath": "/p/a.py"}, "ok", diff=EDITED))
    assert '<pre class="diff"' in whole(item)
    assert '<div class="diff two">' in whole(item, two=True)
    wanted = part("edit", running({"filePath": "/p/a.py", "oldString": "x", "newString": "y"}))
    assert "<del>-" in whole(wanted)


def test_odd_input_is_shown_and_never_raises() -> None:
    odd: list[Any] = [None, 1, "x", [], [1], {}, {"a": {"b": [None]}}, True, "\ud83d"]
    for name in [tool_name for given in calls().values() for tool_name, _ in given]:
        for value in odd:
            fields = (
                "filePath",
                "command",
                "pattern",
                "todos",
                "questions",
                "edits",
                "url",
                "content",
                "patchText",
                "path",
            )
            entered = dict.fromkeys(fields, value)
            metadata = dict.fromkeys(
                (
                    "diff",
                    "files",
                    "todos",
                    "answers",
                    "display",
                    "diagnostics",
                    "sessionId",
                    "exit",
                    "matches",
                    "output",
                ),
                value,
            )
            for state in (value, {"input": value, "metadata": value, "time": value, "attachments": value},
                          {"status": "completed", "input": entered, "metadata": metadata, "output": value},
                          {"status": "error", "input": entered, "error": value}):  # fmt: skip
                assert "<summary" in html(name, state)
                whole(part(name, state))


def test_escapes_of_a_terminal_are_never_shown_raw() -> None:
    made = html("bash", done({"command": "x"}, "\x1b]0;title\x07\x1b[1;31mred\x1b[0m\x00\rover\n\x9b2Jend", exit=0))
    assert "\x1b" not in made
    assert "\x9b" not in made
    assert "<code>over\nend</code>" in made


def test_what_hides_in_a_command_or_a_path_is_shown() -> None:
    made = html("bash", running({"command": "rm \u202etxt.\u200bfr-"}))
    assert made.count("⟨U+202E⟩") == 2, "in the head, and in the body"
    assert "\u202e" not in made
    assert "⟨U+E0041⟩" in html("read", failed({"filePath": "/p/a\U000e0041.py"}, "no"))


def test_an_empty_file_is_told_in_words() -> None:
    patch = "Index: /p/a\n=====\n--- /p/a\n+++ /p/a\n"
    for made in (
        html("write", done({"filePath": "/p/a", "content": ""}, "ok", diff=patch)),
        html("write", done({"filePath": "/p/a", "content": ""}, "ok")),
    ):
        assert "The file is empty." in made
        assert "<pre" not in made and "Side by side" not in made


def test_a_tool_of_a_server_is_named_with_it() -> None:
    assert title_of("github_create_issue") == "github › create_issue"
    assert title_of("mine") == "mine"
    assert title_of("_") == "_"
    assert title_of("apply_patch") == "apply_patch"


if __name__ == "__main__":  # writes the golden files, to be looked at
    for name, given in calls().items():
        made = "".join(html(tool_name, json.loads(json.dumps(state)), n) for n, (tool_name, state) in enumerate(given))
        (GOLDEN / f"tool-{name}.html").write_text(lines(made), encoding="utf-8")

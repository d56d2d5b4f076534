# SPDX-License-Identifier: MIT
"""What a reader would not see, made visible; and what a program wrote to its terminal, made plain."""

import pytest

from opencode_nexus.core.unseen import harmless, mixed
from opencode_nexus.core.unseen import plain as written
from opencode_nexus.opencode.state import Permission
from opencode_nexus.render.components.asks import asked_for, permission
from opencode_nexus.render.components.links import Links
from opencode_nexus.render.terminal import plain
from opencode_nexus.render.unseen import shown

HIDDEN = [
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x200B, 0x2010), 0xFEFF, 0xAD, 0x0, 0x1B, 0x7F, 0x85, 0x9B,
    0xE0001, 0xE0041, 0xE007F, 0x2028, 0x3164, 0x061C, 0xFE00, 0xFE0F, 0x1D173, 0x1BCA0, 0x13437,
]  # fmt: skip


@pytest.mark.parametrize("code", HIDDEN)
def test_each_is_a_token_of_its_own(code: int) -> None:
    made = shown(f"a<{chr(code)}>b")
    assert chr(code) not in made
    assert f">⟨U+{code:04X}⟩</span>" in made
    assert made.startswith("a&lt;<span")
    assert made.endswith("&gt;b")


def test_what_is_seen_stays_as_it_is() -> None:
    assert shown("tab\tline\nümlaut 漢字 👍 <b>") == "tab\tline\nümlaut 漢字 👍 &lt;b&gt;"
    assert shown("♥\ufe0f 🛠\ufe0f") == "♥\ufe0f 🛠\ufe0f"  # how emoji are written; a second one hides something
    assert shown("♥\ufe0f\ufe01").count("⟨U+") == 1


def test_on_a_terminal_nothing_steers_it_and_nothing_hides() -> None:
    assert written("rm \u202e\x1b[2K\ta\n") == "rm ⟨U+202E⟩⟨U+001B⟩[2K\ta\n"
    assert harmless("a\r\n👨\u200d👩 \x1b]0;x\x07\u202e") == "a\n👨\u200d👩 ⟨U+001B⟩]0;x⟨U+0007⟩\u202e"


def test_words_of_several_alphabets() -> None:
    assert mixed("curl https://p\u0430ypal.com/Привет") == ["p\u0430ypal"]
    assert mixed("Привет world 漢字") == []


def test_a_permission_shows_what_hides_in_its_command_and_patterns() -> None:
    asked = Permission(
        "per_1", "ses_1", "bash", ("rm \u200b*",), ("rm \u2066*",), {"command": "rm \u202efr- /tmp/p\u0430y"}
    )
    made = permission(asked, Links("", "srv", "ses_1")).html()
    for token in ("⟨U+202E⟩", "⟨U+2066⟩", "p\u0430y</code>"):
        assert token in made
    assert not {"\u202e", "\u200b", "\u2066"} & set(made)
    assert "Letters of several alphabets" in made


def test_a_permission_to_leave_the_folder_says_where_it_reaches() -> None:
    asked = Permission("per_1", "ses_1", "external_directory", ("/etc/*",), (), {"command": "cat /etc/hosts"})
    made = asked_for(asked)
    assert "cat /etc/hosts" in made
    assert "It reaches <code>/etc/*</code>" in made


def test_a_permission_says_what_a_tool_or_a_sub_agent_is_given() -> None:
    given = {"prompt": "Delete <all>\u202e", "subagent_type": "general", "deep": {"a": [1]}, "none": None}
    asked = Permission("per_1", "ses_1", "task", ("general",), (), {"subagent_type": "general", "input": given})
    made = asked_for(asked)
    assert "Delete &lt;all&gt;" in made and "⟨U+202E⟩" in made
    assert made.count("general") == 1
    assert "<dt>deep</dt><dd>{&#34;a&#34;: [1]}</dd>" in made and "none" not in made
    searched = Permission("per_1", "ses_1", "grep", ("key",), (), {"pattern": "key", "path": "/etc", "include": None})
    assert '<dl class="fields"><dt>path</dt><dd>/etc</dd></dl>' in asked_for(searched)
    assert "<dl" not in asked_for(Permission("per_1", "ses_1", "bash", ("ls",), (), {"command": "ls"}))


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
        ("10 %\r50 %\r100 %\ndone\r\n", "100 %\ndone\n"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x1b(Bx\x1b=y\x1bMz", "xyz"),
        ("a\x00b\x08c\x7f", "a␀b␈c␡"),
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b", "␛"),
        ("\x1b[3", "␛[3"),
    ],
)
def test_a_terminal_s_output_is_plain(raw: str, seen: str) -> None:
    assert plain(raw) == seen


def test_long_output_is_made_plain_in_one_pass() -> None:
    raw = ("\x1b[32m" + "x" * 50 + "\x1b[0m\r") * 40_000  # 2.5 MB on one line: quadratic work would not end
    assert plain(raw) == "x" * 50
    assert plain("\x1b]" * 200_000).count("\x1b") == 0

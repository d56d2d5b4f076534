# SPDX-License-Identifier: MIT
"""Files of whole outputs are read where OpenCode puts them, and nowhere else."""

import os
from pathlib import Path

import pytest

from opencode_nexus.chat import kept_output

NAME = "tool_222c8f7d6001H3iDZz6qP0ItlP"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "opencode" / "tool-output"
    made.mkdir(parents=True)
    return made


def test_a_kept_output_is_read(folder: Path) -> None:
    (folder / NAME).write_bytes(b"all of it\xff")
    assert kept_output.read(str(folder / NAME)) == b"all of it\xff"


CUT = "...output truncated...\n\nFull output saved to: /d/tool_1\n\n59999\n60000\n"
HEAD = "1\n2\n3\n\n...9 lines truncated...\n\nThe tool call succeeded but the output was truncated."


@pytest.mark.parametrize(
    ("output", "content", "begins", "ends"),
    [
        (CUT, "1\n2\n59999\n60000\n", None, True),
        (CUT, "1\n2\n59999\n60000", None, True),
        (CUT + "\n<shell_metadata>\nIt took too long.\n</shell_metadata>", "1\n59999\n60000\n", None, True),
        (CUT, "1\n2\n59998\n", None, False),
        (CUT, "", None, False),
        (HEAD, "1\n2\n3\n4\n", True, None),
        (HEAD, "2\n3\n4\n", False, None),
        ("what says nothing", "1\n2\n3\n4\n", None, None),
    ],
)
def test_what_the_chat_shows_is_looked_for(output: str, content: str, begins: bool | None, ends: bool | None) -> None:
    kept = kept_output.compared(content.encode(), output)
    assert (kept.begins, kept.ends) == (begins, ends)
    assert kept.lines == len(content.splitlines())


def test_what_is_no_character_is_compared_as_it_is_shown() -> None:
    shown = "...output truncated...\n\n" + "x" * 300 + "\ufffd" * 300
    assert kept_output.compared(b"x" * 9000 + b"\xff" * 300, shown).ends is True


def test_nothing_else_is(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    (tmp_path / NAME).write_text("not where OpenCode puts it")
    (folder / "other.txt").write_text("not its name")
    (folder / "tool_00000000").symlink_to(secret)
    os.mkfifo(folder / "tool_11111111")
    (folder / "tool_22222222").mkdir()
    for told in (
        str(tmp_path / NAME), str(folder / "other.txt"), str(folder / "tool_00000000"), str(folder / "tool_11111111"),
        str(folder / "tool_22222222"), str(folder / "tool_33333333"), str(folder / ".." / "secret"),
        f"opencode/tool-output/{NAME}", str(secret), "", None, 5, ["x"], str(folder / NAME) + "\0", "x" * 5000,
    ):  # fmt: skip
        assert kept_output.read(told) is None, told

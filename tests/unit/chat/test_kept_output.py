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

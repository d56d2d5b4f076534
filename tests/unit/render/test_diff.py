# SPDX-License-Identifier: MIT
"""A unified diff as HTML."""

from opencode_nexus.render import diff

PATCH = "Index: a.py\n====\n--- a.py\n+++ a.py\n@@ -1,2 +1,3 @@\n same\n-old <x>\n+new & x\n+more\n"


def test_each_line_by_its_sign_and_escaped() -> None:
    made, cut = diff.view(PATCH)
    assert not cut
    assert "<b>@@ -1,2 +1,3 @@</b>\n<span> same</span>\n<del>-old &lt;x&gt;</del>\n<ins>+new &amp; x</ins>" in made
    assert "a.py" not in made, "the file is named by the caller"


def test_counts_leave_the_file_names_out() -> None:
    assert diff.counts(PATCH) == (2, 1)
    assert diff.counts("") == (0, 0)


def test_a_long_diff_is_cut_and_whole_when_asked() -> None:
    patch = "@@ -0,0 +1,500 @@\n" + "+line\n" * 500
    made, cut = diff.view(patch)
    assert cut
    assert made.count("<ins>") == diff.LINES - 1
    assert diff.view(patch, None)[0].count("<ins>") == 500

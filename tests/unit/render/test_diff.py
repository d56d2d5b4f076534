# SPDX-License-Identifier: MIT
"""A unified diff as HTML."""

import pytest

from opencode_nexus.render import diff

PATCH = "Index: a.py\n====\n--- a.py\n+++ a.py\n@@ -1,2 +1,3 @@\n same\n-old <x>\n+new & x\n+more\n"


def test_each_line_by_its_sign_and_escaped() -> None:
    made, cut = diff.view(PATCH)
    assert not cut
    assert "<b>@@ -1,2 +1,3 @@\n</b> same\n<del>-old &lt;x&gt;\n</del><ins>+new &amp; x\n+more\n</ins>" in made
    assert "a.py" not in made, "the file is named by the caller"


def test_counts_leave_the_file_names_out() -> None:
    assert diff.counts(PATCH) == (2, 1)
    assert diff.counts("") == (0, 0)


def test_a_long_diff_is_cut_and_whole_when_asked() -> None:
    patch = "@@ -0,0 +1,500 @@\n" + "+line\n" * 500
    made, cut = diff.view(patch)
    assert cut
    assert made.count("+line") == diff.LINES - 1
    assert made.count("<ins>") == 1, "lines of one kind are one element"
    whole, cut = diff.view(patch, None)
    assert not cut
    assert whole.count("+line") == 500


SEVERAL = "--- a\n+++ a\n@@ -1 +1 @@\n-foo(bar)\n+foo(baz)\n--- b\n+++ b\n@@ -1,1 +0,0 @@\n--- hello\n"


def test_a_patch_of_several_files_names_them_and_counts_lines_alone() -> None:
    assert diff.counts(SEVERAL) == (1, 2), "a line that was taken away may begin with two more of them"
    made = diff.view(SEVERAL)[0]
    assert "<b>a\n</b><b>@@" in made
    assert "<b>b\n</b><b>@@" in made
    assert "<del>--- hello\n</del>" in made


def test_what_differs_within_a_line_is_marked_in_whole_words() -> None:
    assert "-foo(<mark>bar</mark>)" in diff.view(SEVERAL)[0]
    assert "<mark>" not in diff.view("@@ -1 +1 @@\n-all of it\n+nothing alike\n")[0]


def test_two_columns_hold_before_and_after_beside_each_other() -> None:
    made, cut = diff.columns(PATCH)
    assert not cut
    assert "<span> same</span><span aria-hidden=true> same</span>" in made
    assert "</del><ins>+" in made, "a line and what it became are neighbours"
    assert made.endswith("<span></span><ins>+more</ins></div>"), "one that is new has nothing beside it"


def test_columns_of_a_long_diff_are_cut() -> None:
    patch = "@@ -0,0 +1,500 @@\n" + "".join(f"-old{n}\n+new{n}\n" for n in range(500))
    made, cut = diff.columns(patch, 100)
    assert cut
    assert 90 <= made.count("<ins>") <= 110


def test_a_huge_patch_costs_no_more_than_is_shown() -> None:
    made, cut = diff.view("@@ @@\n" + "+x\n" * 4_000_000)
    assert cut
    assert len(made) < 2000
    made, cut = diff.view("@@ @@\n+" + "x" * 4_000_000)
    assert cut
    assert len(made) < 2000


def test_what_a_reader_would_not_see_is_marked() -> None:
    assert "⟨U+202E⟩" in diff.view("@@ -1 +1 @@\n-a\n+\u202eb\n")[0]


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("Index: /a\n=====\n--- /a\n+++ /a\n", "The file is empty."),
        ("--- /dev/null\n+++ b/a\n", "The file is empty."),
        ("--- a/old.py\n+++ b/new.py\n", "Only its name changed."),
    ],
)
def test_a_patch_without_lines_is_told_in_words(patch: str, words: str) -> None:
    for made, left_out in (diff.view(patch), diff.columns(patch)):
        assert f">{words}</p>" in made
        assert "<pre" not in made and "<div" not in made
        assert not left_out

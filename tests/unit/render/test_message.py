# SPDX-License-Identifier: MIT
"""An error of a provider, or of OpenCode, as a page shows it."""

from opencode_nexus.render.components.message import fault

STACK = 'Agent not found: "nope".\n    at <anonymous> (/$bunfs/root/chunk.js:2:9)\n    at run (/x.js:1:1)'


def test_an_error_of_many_lines_shows_its_first_and_folds_the_rest() -> None:
    html = str(fault("UnknownError", STACK, {"data": {"message": STACK}}))
    shown, _, folded = html.partition("<details")
    assert "<p>Agent not found: &#34;nope&#34;.</p>" in shown
    assert "bunfs" not in shown
    assert "chunk.js:2:9)\n    at run" in folded
    assert html.count("<details") == 1


def test_an_error_of_one_line_folds_nothing_but_the_whole_answer() -> None:
    error = {"data": {"message": "No credit.", "statusCode": 402, "responseBody": '{"left": 0}'}}
    html = str(fault("APIError", "No credit.\n", error))
    assert "<b>APIError, HTTP 402</b><p>No credit.</p>" in html
    assert html.count("<details") == 1
    assert "{&#34;left&#34;: 0}" in html
    assert "<details" not in str(fault("APIError", "No credit.", {"data": {}}))

# SPDX-License-Identifier: MIT
"""What is kept is bounded by its characters, and what was used last stays."""

from concurrent.futures import ThreadPoolExecutor

from opencode_nexus.render.kept_blocks import LONGEST, KeptBlocks, Outline, Rendered


class Renderer:
    """Counts what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, source: str, outline: Outline) -> Rendered:
        self.asked.append(source)
        return source.upper(), (*outline, 1)


def test_the_same_block_is_rendered_once() -> None:
    render = Renderer()
    kept = KeptBlocks(render)
    assert kept.block("a", (2,)) == kept.block("a", (2,)) == ("A", (2, 1))
    assert kept.block("a", ()) == ("A", (1,))  # the same words below another heading
    assert render.asked == ["a", "a"]


def test_what_is_held_is_bounded_and_what_was_used_last_stays() -> None:
    render = Renderer()
    kept = KeptBlocks(render, most=60)
    for word in ("a" * 10, "b" * 10, "c" * 10):
        kept.block(word, ())
    assert kept.size == 60
    kept.block("a" * 10, ())
    kept.block("d" * 10, ())
    assert kept.size == 60
    render.asked.clear()
    kept.block("a" * 10, ())
    assert render.asked == []
    kept.block("b" * 10, ())
    assert render.asked == ["b" * 10]


def test_a_very_long_block_is_not_kept() -> None:
    kept = KeptBlocks(Renderer())
    kept.block("a" * (LONGEST + 1), ())
    assert kept.size == 0


def test_threads_at_once_leave_the_right_size() -> None:
    kept = KeptBlocks(Renderer(), most=2000)
    words = [str(number % 97) * 10 for number in range(4000)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda word: kept.block(word, ())[0], words)) == words
    assert kept.size == sum(len(source) + len(html) for (source, _), (html, _) in kept._held.items()) <= 2000

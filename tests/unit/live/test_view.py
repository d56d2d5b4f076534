# SPDX-License-Identifier: MIT
"""Trees and their differences: the patches make of the old page exactly the new one, and they are small."""

from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_nexus.live.ops import Op
from opencode_nexus.live.view import View, diff, grown
from opencode_nexus.render.tree import Box, Leaf, Node, Still
from tests.fakes.page_model import PageModel


def changes(old: Node, new: Node) -> list[Op]:
    out: list[Op] = []
    diff(old, new, out)
    return out


def box(key: str, *kids: Node, **attrs: str) -> Box:
    return Box(key, "div", attrs, list(kids))


def leaf(key: str, words: str = "") -> Leaf:
    return Leaf(key, f"<p>{words}</p>")


def test_growing_text_sends_only_what_was_added() -> None:
    assert grown("k", "<p>one</p>", "<p>one two</p>") == ("text", "k", " two")
    assert grown("k", "<p>a</p>", "<p>a &lt;b&gt; &amp;</p>") == ("text", "k", " <b> &")
    assert grown("k", "<ul><li>a</li></ul>", "<ul><li>ab</li></ul>") == ("text", "k", "b", 1)
    assert grown("k", "<pre><code>x</code></pre>", "<pre><code>x\ny</code></pre>") == ("text", "k", "\ny", 1)


def test_growing_by_elements_sends_only_those() -> None:
    assert grown("k", "<p>a</p>", "<p>a <b>c</b></p>") == ("append", "k", " <b>c</b>")
    assert grown("k", "<p>a <b>c</b></p>", "<p>a <b>c</b> d</p>") == ("text", "k", " d")
    assert grown("k", "<ul><li>a</li></ul>", "<ul><li>a</li><li>b</li></ul>") == ("append", "k", "<li>b</li>")


def test_what_is_not_growth_is_not_taken_for_it() -> None:
    assert grown("k", "<p>abc</p>", "<p>abd</p>") is None
    assert grown("k", "<p>abc</p>", "<p>ab</p>") is None
    assert grown("k", "<p>a</p>", "<h3>ab</h3>") is None
    assert grown("k", "<p>a</p>", "<p>a</p><p>b</p>") is None


def test_the_same_objects_are_not_looked_into() -> None:
    class Loud(Leaf):
        @property
        def body(self) -> str:
            raise AssertionError("looked into")

    same = Loud.__new__(Loud)
    assert changes(box("r", same, leaf("b", "1")), box("r", same, leaf("b", "2"))) == [
        ("replace", "b", '<p data-k="b">2</p>')
    ]


def test_what_a_page_keeps_is_never_patched() -> None:
    old, new = box("r", Still("s", "<p>1</p>")), box("r", Still("s", "<p>2</p>"))
    assert changes(old, new) == []
    assert '<p data-k="s">2</p>' in new.html()


def test_children_come_go_and_are_put_between() -> None:
    a, b, c = leaf("a"), leaf("b"), leaf("c")
    assert changes(box("r", a), box("r", a, b, c)) == [("append", "r", b.html() + c.html())]
    assert changes(box("r", a, b, c), box("r", a, c)) == [("remove", "b")]
    assert changes(box("r", a, c), box("r", a, b, c)) == [("before", "c", b.html())]
    assert [op[0] for op in changes(box("r", a, b), box("r", b, a))] == ["replace"]


def test_attributes() -> None:
    old, new = box("r", busy="true", id="x"), box("r", id="y")
    assert changes(old, new) == [("attr", "r", "busy", None), ("attr", "r", "id", "y")]


WORDS = st.text(alphabet="ab <&>", max_size=6)


def inline(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


BODIES = st.one_of(
    st.builds(lambda w: f"<p>{inline(w)}</p>", WORDS),
    st.builds(lambda w, v: f"<p>{inline(w)}<b>{inline(v)}</b></p>", WORDS, WORDS),
    st.builds(lambda ws: "<ul>" + "".join(f"<li>{inline(w)}</li>" for w in ws) + "</ul>", st.lists(WORDS, max_size=3)),
)


def trees(depth: int = 2) -> st.SearchStrategy[Box]:
    """Trees whose keys are unique, as a page's are."""

    def build(draw: st.DrawFn, prefix: str, level: int) -> Box:
        kids: list[Node] = []
        for name in draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4)):
            key = prefix + name
            if level and name in "ab" and draw(st.booleans()):
                kids.append(build(draw, key, level - 1))
            else:
                kids.append(Leaf(key, draw(BODIES)))
        attrs = draw(st.dictionaries(st.sampled_from(["class", "id"]), st.sampled_from(["x", "y&"]), max_size=2))
        return Box(prefix, "div", attrs, kids)

    return st.composite(lambda draw: build(draw, "r", depth))()


@settings(max_examples=200, deadline=None)
@given(st.lists(trees(), min_size=2, max_size=5))
def test_patches_make_the_old_page_the_new_one(states: list[Box]) -> None:
    now = iter(states)
    view = View(lambda: next(now))
    page = PageModel(view.html())
    for state in states[1:]:
        page.apply(view.collect())
        assert page.html() == PageModel(state.html()).html()
        assert view.html() == state.html()

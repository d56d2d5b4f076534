# SPDX-License-Identifier: MIT
"""Patches: what the server may do to an open page, one small list each."""

from collections.abc import Sequence

Op = tuple[object, ...]

# Every op with its arguments and what the page does. wire.js applies exactly these (a test compares).
OPS: dict[str, str] = {
    "append": "key html depth: put html at the end of the element, `depth` last children down",
    "before": "key html: put html before the element",
    "replace": "key html: put html in the element's place",
    "morph": "key html: make the element equal to html, and keep focus, form fields and scroll",
    "text": "key text depth: put text at the end of the element, `depth` last children down",
    "remove": "key: take the element away",
    "attr": "key name value: set an attribute, or take it away when value is null",
    "focus": "key: move the focus there",
    "announce": "text: say it once to a screen reader",
    "title": "text: the window's title",
    "hello": "boot: the boot id that this stream's cursors belong to",
    "bye": "reason: the stream ends; `restart` and `idle` mean: come back",
}


def append(key: str, html: str, depth: int = 0) -> Op:
    return ("append", key, html, depth) if depth else ("append", key, html)


def before(key: str, html: str) -> Op:
    return ("before", key, html)


def replace(key: str, html: str) -> Op:
    return ("replace", key, html)


def morph(key: str, html: str) -> Op:
    return ("morph", key, html)


def text(key: str, added: str, depth: int = 0) -> Op:
    return ("text", key, added, depth) if depth else ("text", key, added)


def remove(key: str) -> Op:
    return ("remove", key)


def attr(key: str, name: str, value: str | None) -> Op:
    return ("attr", key, name, value)


def focus(key: str) -> Op:
    return ("focus", key)


def announce(words: str) -> Op:
    return ("announce", words)


def title(words: str) -> Op:
    return ("title", words)


def hello(boot: str) -> Op:
    return ("hello", boot)


def bye(reason: str) -> Op:
    return ("bye", reason)


Ops = Sequence[Op]

# SPDX-License-Identifier: MIT
"""Colours for code that is complete, as few classes as the eye can tell apart.

Pygments takes 14 to 18 ms for 6 KB (measured), so only short code in a language already loaded is done at
once; the rest is done by one worker thread, and whoever showed it plain is told when it is ready.
"""

import html
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

log = logging.getLogger(__name__)

AT_ONCE = 500  # characters; about a millisecond
LONGEST = 40_000  # characters; longer code stays plain
SPANS = 600  # coloured pieces of one block of code, each an element; the rest of it stays plain
ROOM = 4 << 20  # characters kept, code and result

# Pygments' token types by their first names, and our classes; what is not here stays plain, which
# saves a third of the bytes (names, operators, punctuation, white space).
_CLASSES = {
    "Token.Keyword": "k",
    "Token.Keyword.Constant": "m",
    "Token.Literal.Number": "m",
    "Token.Literal.String": "s",
    "Token.Comment": "c",
    "Token.Comment.Preproc": "k",
    "Token.Name.Function": "f",
    "Token.Name.Class": "f",
    "Token.Name.Tag": "k",
    "Token.Name.Attribute": "f",
    "Token.Name.Decorator": "f",
    "Token.Name.Builtin": "b",
    "Token.Name.Exception": "b",
    "Token.Operator.Word": "k",
    "Token.Generic.Inserted": "i",
    "Token.Generic.Deleted": "d",
    "Token.Generic.Heading": "k",
    "Token.Generic.Subheading": "k",
}


class Highlighter:
    """Coloured code by content, newest kept. `spans` and `listen` on the event loop's thread only."""

    def __init__(self, run: Callable[[Callable[[], None]], object] | None = None) -> None:
        """`run` brings a function to the event loop's thread; without it everything is done at once."""
        self._run = run
        self._done: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._size = 0
        self._under_way: set[tuple[str, str]] = set()
        self._lexers: dict[str, Any] = {}
        self._classes: dict[Any, str] = {}
        self._listeners: set[Callable[[], None]] = set()
        self._pool = ThreadPoolExecutor(1, "highlight") if run else None

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever code that was not ready has become so; returns what ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def spans(self, code: str, language: str) -> str | None:
        """Return `code` as HTML with colours, or None when it is not ready yet (a listener will tell)."""
        key = (language, code)
        found = self._done.get(key)
        if found is not None:
            self._done.move_to_end(key)
            return found
        if not language or len(code) > LONGEST or self._lexers.get(language, 0) is None:
            return html.escape(code, quote=False)
        if self._pool is None or (len(code) <= AT_ONCE and language in self._lexers):
            return self._keep(key, self._make(code, language))
        if key not in self._under_way:
            self._under_way.add(key)
            self._pool.submit(self._work, key)
        return None

    def _work(self, key: tuple[str, str]) -> None:
        assert self._run is not None
        try:
            made = self._make(key[1], key[0])
        except Exception:
            log.exception("highlighting %s failed", key[0])
            made = html.escape(key[1], quote=False)

        def ready() -> None:
            self._under_way.discard(key)
            self._keep(key, made)
            if not self._under_way:  # once for a page full of code
                for listener in tuple(self._listeners):
                    listener()

        try:
            self._run(ready)
        except RuntimeError:  # the loop has been closed meanwhile
            log.debug("nobody waits for %s any more", key[0])

    def _keep(self, key: tuple[str, str], made: str) -> str:
        self._done[key] = made
        self._size += len(key[1]) + len(made)
        while self._size > ROOM:
            (_, code), old = self._done.popitem(last=False)
            self._size -= len(code) + len(old)
        return made

    def _make(self, code: str, language: str) -> str:
        lexer = self._lexer(language)
        if lexer is None:
            return html.escape(code, quote=False)
        out: list[str] = []
        held, held_class, spans = "", "", 0
        for kind, value in lexer.get_tokens(code):
            css = held_class if value.isspace() else self._class(kind) if spans < SPANS else ""
            if css != held_class and held:
                out.append(_span(held, held_class))
                spans += bool(held_class)
                held = ""
            held, held_class = held + value, css
        out.append(_span(held, held_class))
        return "".join(out)

    def _lexer(self, language: str) -> Any:
        if language not in self._lexers:
            from pygments.lexers import get_lexer_by_name
            from pygments.util import ClassNotFound

            try:
                self._lexers[language] = get_lexer_by_name(language, stripnl=False, ensurenl=False)
            except ClassNotFound:
                self._lexers[language] = None
        return self._lexers[language]

    def _class(self, kind: Any) -> str:
        found = self._classes.get(kind)
        if found is None:
            name = str(kind)
            while name and name not in _CLASSES:
                name = name.rpartition(".")[0]
            found = self._classes[kind] = _CLASSES.get(name, "")
        return found

    def close(self) -> None:
        """Stop the worker without waiting for what it has not begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _span(text: str, css: str) -> str:
    escaped = html.escape(text, quote=False)
    return f'<span class="{css}">{escaped}</span>' if css and text else escaped

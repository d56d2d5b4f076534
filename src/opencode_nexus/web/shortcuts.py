# SPDX-License-Identifier: MIT
"""The keys that do something: one table, which the page, the dialog under `?` and the docs are made from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`keys`: each way to give it; `where`: the heading it stands under."""

    keys: tuple[str, ...]
    what: str
    where: str


EVERYWHERE, CHAT, SEARCH, INBOX = "Everywhere", "In a chat", "In the search", "In the inbox"

SHORTCUTS = (
    Shortcut(("Ctrl+K", "⌘K"), "Go to a page or a chat, or search", EVERYWHERE),
    Shortcut(("?",), "Show these keys", EVERYWHERE),
    Shortcut(("Esc",), "Close what is open", EVERYWHERE),
    Shortcut(("Enter",), "Send the message", CHAT),
    Shortcut(("Shift+Enter",), "Begin a new line", CHAT),
    Shortcut(("@",), "Name a file, a symbol or an agent", CHAT),
    Shortcut(("/",), "Choose a command, at the beginning of a message", CHAT),
    Shortcut(("!",), "Run a shell command, at the beginning of a message", CHAT),
    Shortcut(("Alt+↑", "Alt+↓"), "Go to the previous chat of the list, or the next one", CHAT),
    Shortcut(("↓", "↑"), "Go from the field to the hits, and on", SEARCH),
    Shortcut(("j", "k"), "Go to the next one, or the one before", INBOX),
)


def by_place() -> dict[str, list[Shortcut]]:
    """Return the table by its headings."""
    found: dict[str, list[Shortcut]] = {}
    for shortcut in SHORTCUTS:
        found.setdefault(shortcut.where, []).append(shortcut)
    return found

# SPDX-License-Identifier: MIT
"""What a page looks like: templates, icons, and the markup of a conversation. Pure: no store, no network.

Neighbours: `opencode.state` is what a conversation is made from; `live` finds what changed between two trees
(it does not know this package, nor this one it); `web` puts both together.

Glossary
    block     one piece of a Markdown text's top level: a paragraph, a list, a table, a piece of code
    open      the last block of a text that still grows; all before it are final
    tree      a page's live part as keyed nodes: leaf (HTML), box (element with children), still (never patched)
    mark      one line that says what is missing or was cut off
    ask       a card that waits for the user
"""

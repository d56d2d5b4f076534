# SPDX-License-Identifier: MIT
"""The pieces of a conversation, each a function from plain data to markup or to a node of the tree.

All words from OpenCode, a model or a user go through `Markup.format`, which escapes them.

Glossary
    message   one turn, an <article>: heading, parts, foot
    part      text, folded reasoning, a tool call, and the small ones
    ask       a card that waits for the user: a permission or a question
    mark      one line that says what is missing or was cut off
"""

# SPDX-License-Identifier: MIT
"""Characters that a reader does not see (`core.unseen`): made visible on pages, each as a marked token.

What a person decides on (a permission) and names of files are shown through `shown`.
"""

import unicodedata

from markupsafe import Markup, escape

from opencode_nexus.core.unseen import UNSEEN, token


def shown(text: object) -> Markup:
    """Return `text` escaped, with each unseen character as a token such as ⟨U+202E⟩."""
    words = str(text)
    if UNSEEN.search(words) is None:
        return escape(words)
    out: list[str] = []
    last = 0
    for match in UNSEEN.finditer(words):
        name = unicodedata.name(match[0], "CONTROL").capitalize()
        out.append(f'{escape(words[last : match.start()])}<span class="unseen" title="{name}">{token(match[0])}</span>')
        last = match.end()
    return Markup("".join([*out, str(escape(words[last:]))]))

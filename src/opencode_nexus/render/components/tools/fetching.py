# SPDX-License-Identifier: MIT
"""webfetch and websearch: which address or words, as a link where it leads somewhere, and what came back."""

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View
from opencode_nexus.render.components.tools.pieces import fields, output
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

LONGEST = 2000  # characters of an address that becomes a link


def address(url: str) -> Markup:
    """Return an address as a link when it is one of the web, else as words."""
    words = shown(one_line(url, 300))
    if len(url) > LONGEST or url != "".join(url.split()) or not url.lower().startswith(("http://", "https://")):
        return Markup("<code>{}</code>").format(words)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(url, words)


def _fetched(call: Call) -> list[Leaf]:
    made = []
    if url := call.text("url"):
        made.append(call.leaf("i", Markup('<p class="small address">{}</p>').format(address(url))))
    return made + output(call)


def _searched(call: Call) -> list[Leaf]:
    return fields(call, without=("query",)) + output(call)


FETCH = View("globe", lambda call: one_line(call.text("url")), _fetched)
SEARCH = View("globe", lambda call: one_line(call.text("query")), _searched)

# SPDX-License-Identifier: MIT
"""The second wall: whatever HTML was made from a model's text passes nh3 before a page sees it.

The first is `markdown`, which escapes all text and never passes a tag through. A model's text can hold
anything, also on purpose (prompt injection), and an address is enough to carry data away: so nothing here
may load by itself, and links open without telling where from.
"""

import nh3

_TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr", "kbd", "li", "ol", "p",
    "pre", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "div": {"class", "tabindex"},
    "ol": {"start"},
    "p": {"class"},
    "pre": {"class", "data-lang", "tabindex"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
SCHEMES = frozenset(("http", "https", "mailto"))

_cleaner = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes=set(SCHEMES),
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def clean(html: str) -> str:
    """Return `html` with only harmless tags and attributes; links open in a window of their own."""
    return _cleaner.clean(html)

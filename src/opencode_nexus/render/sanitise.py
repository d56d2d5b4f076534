# SPDX-License-Identifier: MIT
"""The second wall: whatever HTML was made from a model's text passes nh3 before a page sees it.

The first is `markdown`, which escapes all text and never passes a tag through. A model's text can hold
anything, also on purpose (prompt injection), and an address is enough to carry data away: so nothing here
may load by itself, and links open without telling where from.

Our own documentation passes it as well, with pictures and with headings that can be linked.
"""

from functools import cache

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


@cache
def _guide_cleaner() -> nh3.Cleaner:
    """Made when the first page of the documentation is read, which most hubs never see."""
    named = {heading: {"id"} for heading in ("h2", "h3", "h4", "h5", "h6")}
    return nh3.Cleaner(
        tags=_TAGS | {"h2", "img"},
        attributes={**_ATTRIBUTES, **named, "a": {"href", "target"}, "img": {"alt", "loading", "src"}},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
    )


def clean_guide(html: str) -> str:
    """Return the HTML of a page of our documentation with only harmless tags and attributes."""
    return _guide_cleaner().clean(html)

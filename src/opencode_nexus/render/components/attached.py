# SPDX-License-Identifier: MIT
"""A file of a message: a small picture of a safe kind is shown in place, anything else by its name, kind and size."""

import re
from typing import Any

from markupsafe import Markup

from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.page import bytes_text
from opencode_nexus.render.unseen import shown

INLINE = 48_000  # characters of a data: address that a page carries; a chat's whole page is to stay below 60 KB

# no SVG: it is a document of its own, and can hold scripts
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}")
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]{0,100},")


def picture(file: dict[str, Any]) -> Markup | None:
    """Return a picture that may stand in the page; None for any other file (`{mime, filename?, url}`)."""
    url = file.get("url")
    if not isinstance(url, str) or len(url) > INLINE or _PICTURE.fullmatch(url) is None:
        return None
    name = one_line(file.get("filename") or "a picture", 80)
    return Markup('<figure class="part shot"><img src="{}" alt="{}" loading="lazy"></figure>').format(url, name)


def named(file: dict[str, Any], address: str) -> Markup:
    """Return a file as a line; `address` leads to its content, which is there when its url is data."""
    url = str(file.get("url") or "")
    kind = one_line(file.get("mime") or "", 60)
    name = one_line(file.get("filename") or ("" if url.startswith("data:") else url) or "without a name", 120)
    facts = [kind] if kind else []
    words = Markup("<b>{}</b>").format(shown(name))
    if (found := _DATA.match(url)) is not None:
        held = len(url) - found.end() - url.endswith("=") - url.endswith("==")
        facts.append(bytes_text(held * 3 // 4 if ";base64" in found[0] else held))
        words = Markup('<a href="{}" download>{}</a>').format(address, words)
    return Markup('<p class="part note-line">{}<span>File {} <span>{}</span></span></p>').format(
        icon("file"), words, shown(" · ".join(facts))
    )

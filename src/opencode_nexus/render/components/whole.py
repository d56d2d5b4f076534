# SPDX-License-Identifier: MIT
"""One part at its full length, for the page of its own behind "Show all"."""

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render import diff


def whole(part: Part) -> Markup:
    """Return all of a part's output (a tool's) or text, as it is."""
    if part.kind != "tool":
        return _pre(part.text)
    state = part.data.get("state") or {}
    metadata = state.get("metadata") or {}
    output = state.get("output") or metadata.get("output") or state.get("error") or ""
    made = Markup("")
    if output:
        made += _pre(str(output))
    if metadata.get("diff"):
        made += diff.view(str(metadata["diff"]), None)[0]
    return made or Markup("<p>It has no output.</p>")


def _pre(text: str) -> Markup:
    return Markup('<pre tabindex="0" class="output"><code>{}</code></pre>').format(text)

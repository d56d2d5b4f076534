# SPDX-License-Identifier: MIT
"""One part at its full length, for the page of its own behind "Show all"."""

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render import diff
from opencode_nexus.render.components.tools.call import dicts, of
from opencode_nexus.render.components.tools.changing import wanted
from opencode_nexus.render.terminal import plain


def whole(part: Part, *, two: bool = False) -> Markup:
    """Return all of a part's output and change (a tool's) or text, as it is; changes in two columns if wished."""
    if part.kind != "tool":
        return _pre(part.text)
    state = of(part.data, "state")
    metadata, entered = of(state, "metadata"), of(state, "input")
    made = Markup("")
    patches = patches_of(part)
    for patch in patches:
        made += (diff.columns(patch, None) if two else diff.view(patch, None))[0]
    if part.data.get("tool") == "bash" and entered.get("command"):
        made += _pre(f"$ {entered['command']}")
    output = state.get("output") or metadata.get("output") or state.get("error") or ""
    if not output or patches:
        output = "" if patches else entered.get("content") or ""
    elif part.data.get("tool") == "write" and isinstance(entered.get("content"), str):
        output = entered["content"]
    if output:
        made += _pre(str(output))
    return made or Markup("<p>It has no output.</p>")


def patches_of(part: Part) -> list[str]:
    """Return the changes that a tool's part tells of, or wants, as patches."""
    state = of(part.data, "state")
    metadata = of(state, "metadata")
    found = [file.get("patch") for file in dicts(metadata.get("files"))] or [
        metadata.get("diff") or of(metadata, "filediff").get("patch")
    ]
    return [patch for patch in found if isinstance(patch, str) and patch] or wanted(of(state, "input"))


def _pre(text: str) -> Markup:
    return Markup('<pre tabindex="0" class="output"><code>{}</code></pre>').format(plain(text))

# SPDX-License-Identifier: MIT
"""One part at its full length, for the page of its own behind "Show all"."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render import diff
from opencode_nexus.render.components.tools.call import dicts, of
from opencode_nexus.render.components.tools.changing import wanted
from opencode_nexus.render.components.tools.shell import LONG
from opencode_nexus.render.terminal import plain


def whole(part: Part, *, two: bool = False) -> Markup:
    """Return all of a part's output and change (a tool's) or text, as it is; changes in two columns if wished.

    Its first <pre> is what "Show all" puts in the place of what was cut.
    """
    if part.kind != "tool":
        return _pre(part.text)
    made = Markup("")
    patches = patches_of(part)
    for patch in patches:
        made += (diff.columns(patch, None) if two else diff.view(patch, None))[0]
    entered = of(of(part.data, "state"), "input")
    if not patches and (output := _output(part, entered)):
        made += _pre(output)
    command = entered.get("command")
    if isinstance(command, str) and len(command) > LONG:
        made += _pre("$ " + command)
    return made or Markup("<p>It has no output.</p>")


def _output(part: Part, entered: dict[str, Any]) -> str:
    state = of(part.data, "state")
    metadata = of(state, "metadata")
    if part.data.get("tool") == "write" and isinstance(entered.get("content"), str):
        return str(entered["content"])
    if part.data.get("tool") == "read" and (text := of(metadata, "display").get("text")):
        return str(text)
    return str(state.get("output") or metadata.get("output") or state.get("error") or "")


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

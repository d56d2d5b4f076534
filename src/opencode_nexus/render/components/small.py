# SPDX-License-Identifier: MIT
"""The parts that are one line: files, changed files, summaries, and kinds not known yet."""

from markupsafe import Markup

from opencode_nexus.opencode.state import Part
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Leaf, key_of, leaf

# Steps of the protocol that say nothing to a reader; costs are shown in the message's foot.
HIDDEN = frozenset(("step-start", "step-finish", "snapshot"))


def small(part: Part, directory: str = "") -> Leaf | None:
    """Return the node of a part that is neither text, reasoning nor tool; None when it is not shown."""
    if part.kind in HIDDEN:
        return None
    if part.kind == "file":
        name = part.data.get("filename") or str(part.data.get("url") or "")[:120]
        return _line(part, "copy", Markup("File <b>{}</b> <span>{}</span>").format(name, part.data.get("mime", "")))
    if part.kind == "patch":
        prefix = directory.rstrip("/") + "/"
        names = [str(name).removeprefix(prefix) for name in part.data.get("files") or []]
        if not names:
            return None
        return _line(part, "pen", Markup("Changed {}").format(Markup(", ").join(map(_code, names[:20]))))
    if part.kind == "compaction":
        return _line(part, "info", Markup("The conversation so far was summarised here."))
    if part.kind == "agent":
        return _line(part, "person", Markup("Agent <b>{}</b>").format(part.data.get("name", "")))
    if part.kind == "subtask":
        words = one_line(part.data.get("description") or part.data.get("prompt") or "")
        return _line(part, "person", Markup("Task for a sub-agent: {}").format(words))
    if part.kind == "retry":
        return _line(part, "restart", Markup("The provider was asked again."))
    return _line(part, "info", Markup("{} {}").format(part.kind, one_line(part.text)))


def _code(name: str) -> Markup:
    return Markup("<code>{}</code>").format(name)


def _line(part: Part, picture: str, words: Markup) -> Leaf:
    return leaf(key_of(part.id), Markup('<p class="part note-line">{}<span>{}</span></p>').format(icon(picture), words))

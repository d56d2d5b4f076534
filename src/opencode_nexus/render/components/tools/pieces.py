# SPDX-License-Identifier: MIT
"""What the views of several tools show: a block of text, output cut for the page, a list, key and value."""

import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from opencode_nexus.render import diff
from opencode_nexus.render.components.tools.call import Call
from opencode_nexus.render.components.words import cut, one_line, size
from opencode_nexus.render.terminal import plain
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

FIELD = 400  # characters of a value of the input that are shown
FIELDS = 12


def block(text: object, label: str) -> Markup:
    """Return text as it stands, as a block that can be scrolled from the keyboard."""
    return Markup('<pre tabindex="0" aria-label="{}" role="group"><code>{}</code></pre>').format(
        label, plain(str(text))
    )


def cut_block(call: Call, text: str, label: str, *, end: bool = False, whole: str = "") -> Markup:
    """Return the first lines of `text` (the last, with `end`), and the way to all of it when some are left out."""
    part, left_out = cut(text, end=end)
    made = block(part, label)
    if not left_out:
        return made
    return Markup('<div>{}<p class="more"><a href="{}" data-show>Show all ({})</a></p></div>').format(
        made, whole or call.whole, size(text)
    )


def output(call: Call, *, end: bool = False, text: str | None = None) -> list[Leaf]:
    """Return what a call gave back as a block; nothing without output."""
    found = call.output if text is None else text
    return [call.leaf("o", cut_block(call, found, "Output", end=end))] if found and not found.isspace() else []


def fields(call: Call, *names: str, without: Iterable[str] = ()) -> list[Leaf]:
    """Return members of the input by name and value: those of `names`, or all but `without`."""
    rows = [(name, call.input[name]) for name in (names or call.input) if name in call.input and name not in without]
    return [call.leaf("i", pairs(rows))] if rows else []


def pairs(rows: Iterable[tuple[str, Any]]) -> Markup:
    """Return names and values; a value that is no text is written as JSON."""
    listed = list(rows)
    made = [
        Markup("<dt>{}</dt><dd>{}</dd>").format(shown(one_line(name, 60)), shown(one_line(_value(value), FIELD)))
        for name, value in listed[:FIELDS]
    ]
    if len(listed) > FIELDS:
        made.append(Markup("<dt>…</dt><dd>{} more</dd>").format(len(listed) - FIELDS))
    return Markup('<dl class="fields">{}</dl>').format(Markup("").join(made))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value[: FIELD * 4]
    try:
        return json.dumps(value, ensure_ascii=False)[: FIELD * 4]
    except (TypeError, ValueError):
        return str(value)[: FIELD * 4]


def cut_by_opencode(call: Call) -> list[Leaf]:
    """Return the way to what OpenCode keeps of an output that it cut; nothing when it did not.

    Not "all of it": its file is not always whole, which is told where the file is read (`chat.kept_output`).
    """
    path = call.metadata.get("outputPath")
    if call.metadata.get("truncated") is not True or not isinstance(path, str) or not path:
        return []
    address = call.links.output(call.part.message_id, call.part.id, call.created)
    words = Markup(
        'OpenCode cut this output. <a href="{}" data-nav>What it kept of it</a> is in <code>{}</code> on the server’s '
        "machine."
    ).format(address, shown(one_line(path, 300)))
    return [call.leaf("t", Markup('<p class="hint">{}</p>').format(words))]


def changed(call: Call, patch: str, place: str = "d", lines: int = diff.LINES) -> Leaf:
    """Return a diff, and the ways to all of it and to its two columns."""
    made, left_out = diff.view(patch, lines)
    if not made.startswith("<pre"):
        return call.leaf(place, made)
    return call.leaf(
        place,
        Markup('<div>{}<p class="more">{}<a href="{}&amp;view=two" data-nav>Side by side</a></p></div>').format(
            made,
            Markup('<a href="{}" data-nav>Show all ({})</a> ').format(call.whole, size(patch)) if left_out else "",
            call.whole,
        ),
    )


def counts(call: Call) -> Markup:
    """Return how many lines a call added and took away, where its result tells."""
    patch = call.metadata.get("diff")
    return diff.sum_line(*diff.counts(patch)) if isinstance(patch, str) and patch else Markup("")

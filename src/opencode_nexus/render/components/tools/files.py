# SPDX-License-Identifier: MIT
"""read and list: which part of a file or folder the agent looked at, and what stood there."""

import re

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View, of, subject_of
from opencode_nexus.render.components.tools.pieces import cut_block, fields, output
from opencode_nexus.render.components.words import count
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

ENTRIES = 40  # names of a folder that are shown

_WRAPPED = re.compile(r"\A<path>.*?</path>\n<type>\w+</type>\n<(\w+)>\n(.*?)\n?</\1>\s*\Z", re.DOTALL)


def _display(call: Call) -> dict[str, object]:
    return of(call.metadata, "display")


def _note(call: Call) -> Markup:
    shows = _display(call)
    words = ""
    start, end, total = shows.get("lineStart"), shows.get("lineEnd"), shows.get("totalLines")
    if isinstance(start, int) and isinstance(end, int) and isinstance(total, int):
        words = (
            f"lines {count(start)}–{count(end)} of {count(total)}"
            if (start, end) != (1, total)
            else f"{count(total)} lines"
        )
    elif isinstance(shows.get("totalEntries"), int):
        words = f"{shows['totalEntries']} entries"
    elif call.text("offset") or call.text("limit"):
        words = f"from line {call.text('offset') or 1}"
    return Markup('<span class="small muted">{}</span>').format(words) if words else Markup("")


def _body(call: Call) -> list[Leaf]:
    shows = _display(call)
    entries = shows.get("entries")
    if isinstance(entries, list):
        return [call.leaf("o", names(call, [str(entry) for entry in entries]))]
    text = shows.get("text")
    if isinstance(text, str) and text:
        return [call.leaf("o", cut_block(call, text, "What stands in the file"))]
    found = _WRAPPED.match(call.output) if len(call.output) < 1_000_000 else None
    made = fields(call, "offset", "limit") if not call.done else []
    return made + output(call, text=found[2] if found else None)


def names(call: Call, every: list[str]) -> Markup:
    """Return names, one a line, and how many are left out."""
    if not every:
        return Markup('<p class="muted small">Nothing is there.</p>')
    more = Markup("")
    if len(every) > ENTRIES:
        more = Markup('<p class="more"><a href="{}" data-show>Show all {}</a></p>').format(call.whole, len(every))
    lines = Markup("\n").join(shown(call.short(name)) for name in every[:ENTRIES])
    return Markup('<div><pre tabindex="0" aria-label="Names" role="group"><code>{}</code></pre>{}</div>').format(
        lines, more
    )


def _listed(call: Call) -> list[Leaf]:
    return output(call) or fields(call)


READ = View("file", subject_of("filePath", "path"), _body, _note)
LIST = View("folder", subject_of("path"), _listed)

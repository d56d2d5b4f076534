# SPDX-License-Identifier: MIT
"""glob and grep: what was looked for, and the hits by file."""

import re

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View
from opencode_nexus.render.components.tools.files import names
from opencode_nexus.render.components.tools.pieces import output
from opencode_nexus.render.components.words import count, one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

HITS = 40  # lines that are shown
LINE = 300  # characters of each
ROOM = 400_000  # characters of the output that are looked at
NOTHING = "No files found"

_FOUND = re.compile(r"\AFound \d+ match(?:es)?[^\n]*\n")
_HIT = re.compile(r"\A  Line (\d+): ?(.*)\Z", re.DOTALL)


def _subject(call: Call) -> str:
    where = call.path("path")
    return one_line(call.text("pattern") + (f" in {where}" if where else ""))


def _note(call: Call) -> Markup:
    found = next((call.metadata[name] for name in ("matches", "count") if name in call.metadata), None)
    if not isinstance(found, int):
        return Markup("")
    words = f"{count(found)} {'hit' if found == 1 else 'hits'}"
    if call.metadata.get("truncated") is True:
        words = f"first {words}"
    return Markup('<span class="num small muted">{}</span>').format(words)


def _none(call: Call) -> list[Leaf]:
    return [call.leaf("o", Markup('<p class="muted small">Nothing was found.</p>'))]


def _globbed(call: Call) -> list[Leaf]:
    if not call.done:
        return output(call)
    if call.metadata.get("count") == 0 or call.output.startswith(NOTHING):
        return _none(call)
    found = [line for line in call.output[:ROOM].split("\n") if line.strip() and not line.startswith("(")]
    return [call.leaf("o", names(call, found))] if found else _none(call)


def _grepped(call: Call) -> list[Leaf]:
    if not call.done:
        return output(call)
    if call.metadata.get("matches") == 0 or call.output.startswith(NOTHING):
        return _none(call)
    head = _FOUND.match(call.output)
    if head is None:
        return output(call)
    return [call.leaf("o", _hits(call, call.output[head.end() : head.end() + ROOM].split("\n")))]


def _hits(call: Call, lines: list[str]) -> Markup:
    """The hits, each with its line's number, under the name of their file."""
    rows: list[Markup] = []
    taken = 0
    for line in lines:
        hit = _HIT.match(line)
        if hit is not None:
            taken += 1
            if taken <= HITS:
                text = hit[2] if len(hit[2]) <= LINE else hit[2][:LINE] + "…"
                rows.append(Markup("{:>6}  {}").format(hit[1], shown(text)))
        elif line.endswith(":") and taken < HITS:
            rows.append(Markup("<b>{}</b>").format(shown(call.short(line[:-1]))))
        elif line.strip() and taken < HITS:  # a hit of several lines, or OpenCode's own words
            rows.append(Markup("{}").format(shown(line[:LINE])))
    more = Markup("")
    if taken > HITS:
        more = Markup('<p class="more"><a href="{}" data-show>Show all {}</a></p>').format(call.whole, count(taken))
    made = Markup("\n").join(rows)
    return Markup(
        '<div><pre class="found" tabindex="0" aria-label="Hits" role="group"><code>{}</code></pre>{}</div>'
    ).format(made, more)


GLOB = View("search", _subject, _globbed, _note)
GREP = View("search", _subject, _grepped, _note)

# SPDX-License-Identifier: MIT
"""bash: the command, what it writes while it runs, and how it ended."""

import re

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View
from opencode_nexus.render.components.tools.pieces import cut_by_opencode, output
from opencode_nexus.render.components.words import cut, mark, one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

LINES, LONG = 200, 8000  # lines and characters of a command that are shown

# what OpenCode 1.18.33 puts before the end of an output that was too long, and behind that of one it cut off
_TRUNCATED = re.compile(r"\A\.\.\.(?:output truncated\.\.\.)?\n\n(?:Full output saved to: [^\n]+\n\n)?")
_ABOUT = re.compile(r"\n*<(?:shell|bash)_metadata>\n(.*?)\n?(?:</(?:shell|bash)_metadata>\s*)?\Z", re.DOTALL)
_NOTHING = "(no output)"


def _body(call: Call) -> list[Leaf]:
    made = []
    if command := call.text("command"):
        seen, left_out = cut(command, lines=LINES, characters=LONG)
        words = Markup('<pre tabindex="0" aria-label="Command" role="group"><code>$ {}{}</code></pre>').format(
            shown(seen), "…" if left_out else ""
        )
        made.append(call.leaf("i", words))
    text, about = call.output, ""
    if call.done and (found := _ABOUT.search(text[-4000:])):
        about = found[1]
        text = text[: max(0, len(text) - 4000) + found.start()]
    kept = _TRUNCATED.match(text)
    if kept is not None:
        text = text[kept.end() :]
        made += cut_by_opencode(call)
    if text and not text.isspace() and (len(text) > len(_NOTHING) + 9 or text.strip() != _NOTHING):
        made += output(call, end=True, text=text)
    elif call.done:
        made.append(call.leaf("o", Markup('<p class="muted small">It wrote nothing.</p>')))
    if about:
        made.append(call.leaf("a", mark(one_line(about, 300))))
    return made


def _note(call: Call) -> Markup:
    return Markup('<span class="small muted">cut</span>') if call.metadata.get("truncated") is True else Markup("")


SHELL = View("terminal", lambda call: one_line(call.text("command") or call.text("description")), _body, _note)

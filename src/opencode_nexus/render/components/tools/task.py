# SPDX-License-Identifier: MIT
"""task: a sub-agent with a session of its own, to step into."""

import re

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View
from opencode_nexus.render.components.tools.pieces import block, cut_block
from opencode_nexus.render.components.words import cut, one_line
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

_SESSION = re.compile(r"ses_[A-Za-z0-9]{8,64}")
_RESULT = re.compile(r"<task_result>\n?(.*?)\n?</task_result>", re.DOTALL)


def child(call: Call) -> str:
    """Return the id of the session that the task runs in, "" while it has none."""
    told = call.metadata.get("sessionId") or call.metadata.get("sessionID") or ""
    return str(told) if _SESSION.fullmatch(str(told)) else ""


def _body(call: Call) -> list[Leaf]:
    made = []
    if session := child(call):
        words = "Step into it" if call.done or call.status == "error" else "Watch it work"
        made.append(
            call.leaf(
                "l",
                Markup('<p><a class="btn" href="{}" data-nav>{}{}</a></p>').format(
                    call.links.of(session), icon("next"), words
                ),
            )
        )
    if prompt := call.text("prompt"):
        made.append(
            call.leaf(
                "i",
                Markup('<details class="fold"><summary>What it was told</summary>{}</details>').format(
                    block(cut(prompt)[0], "What it was told")
                ),
            )
        )
    text = call.output
    found = _RESULT.search(text) if len(text) < 1_000_000 else None
    if result := (found[1] if found else text).strip():
        made.append(call.leaf("o", cut_block(call, result, "What it reported")))
    return made


def _note(call: Call) -> Markup:
    agent = call.text("subagent_type")
    where = " · in the background" if call.metadata.get("background") is True else ""
    return (
        Markup('<span class="small muted">{}{}</span>').format(shown(one_line(agent, 40)), where)
        if agent
        else Markup("")
    )


TASK = View("person", lambda call: one_line(call.text("description") or call.text("prompt")), _body, _note, "sub-agent")

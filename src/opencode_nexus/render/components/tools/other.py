# SPDX-License-Identifier: MIT
"""skill, lsp, calls of tools that do not exist, and every tool that is not known here (those of MCP servers too)."""

import re

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import Call, View, subject_of
from opencode_nexus.render.components.tools.pieces import fields, output
from opencode_nexus.render.components.words import one_line
from opencode_nexus.render.tree import Leaf
from opencode_nexus.render.unseen import shown

_SKILL = re.compile(r"\A<skill_content[^>\n]*>\n?(.*?)\n?(?:</skill_content>\s*)?\Z", re.DOTALL)


def _skill(call: Call) -> list[Leaf]:
    text = call.output
    found = _SKILL.match(text) if len(text) < 1_000_000 else None
    return output(call, text=found[1] if found else text)


def _lsp_subject(call: Call) -> str:
    where = call.path()
    if line := call.text("line"):
        where += f":{line}:{call.text('character') or 1}"
    return one_line(f"{call.text('operation')} {where or call.text('query')}")


def _lsp(call: Call) -> list[Leaf]:
    return output(call)


def _invalid(call: Call) -> list[Leaf]:
    error = call.text("error") or call.output
    return [call.leaf("i", Markup('<p class="small">{}</p>').format(shown(one_line(error, 600))))]


def _invalid_note(call: Call) -> Markup:
    return Markup('<span class="small muted">no such tool, or wrong input</span>')


def _unknown(call: Call) -> list[Leaf]:
    return fields(call) + output(call)


def _unknown_subject(call: Call) -> str:
    title = call.state.get("title")
    if isinstance(title, str) and title:
        return one_line(title)
    return one_line(next((value for value in call.input.values() if isinstance(value, str)), ""))


SKILL = View("info", subject_of("name"), _skill)
LSP = View("info", _lsp_subject, _lsp, label="language server")
INVALID = View("warn", subject_of("tool"), _invalid, _invalid_note, "unknown tool")
UNKNOWN = View("gear", _unknown_subject, _unknown)

# SPDX-License-Identifier: MIT
"""Which view shows which tool; one that stands in no line here is shown by its input and output."""

from opencode_nexus.render.components.tools.asking import QUESTION
from opencode_nexus.render.components.tools.call import View
from opencode_nexus.render.components.tools.changing import EDIT, PATCH, WRITE
from opencode_nexus.render.components.tools.fetching import FETCH, SEARCH
from opencode_nexus.render.components.tools.files import LIST, READ
from opencode_nexus.render.components.tools.other import INVALID, LSP, SKILL, UNKNOWN
from opencode_nexus.render.components.tools.searching import GLOB, GREP
from opencode_nexus.render.components.tools.shell import SHELL
from opencode_nexus.render.components.tools.task import TASK
from opencode_nexus.render.components.tools.todos import TODOS

_VIEWS = {
    "bash": SHELL,
    "read": READ,
    "list": LIST,
    "write": WRITE,
    "edit": EDIT,
    "multiedit": EDIT,
    "patch": PATCH,
    "apply_patch": PATCH,
    "glob": GLOB,
    "grep": GREP,
    "webfetch": FETCH,
    "websearch": SEARCH,
    "codesearch": SEARCH,
    "todowrite": TODOS,
    "todoread": TODOS,
    "task": TASK,
    "question": QUESTION,
    "skill": SKILL,
    "lsp": LSP,
    "invalid": INVALID,
}


def view_of(name: str) -> View:
    """Return how a tool's calls are shown."""
    return _VIEWS.get(name, UNKNOWN)


def title_of(name: str) -> str:
    """Return what a tool is called; one of an MCP server (`server_tool`) with its server before it."""
    view = view_of(name)
    if view is UNKNOWN and "_" in name.strip("_"):
        server, _, tool = name.partition("_")
        return f"{server} › {tool}" if server and tool else name
    return view.label or name

# SPDX-License-Identifier: MIT
"""The session's list of things to do, above the composer for as long as something on it is not done."""

from typing import Any

from markupsafe import Markup

from opencode_nexus.render.components.tools.call import dicts
from opencode_nexus.render.components.tools.todos import checklist, summary
from opencode_nexus.render.icons import icon
from opencode_nexus.render.tree import Box, Leaf, leaf
from opencode_nexus.render.unseen import shown

KEY = "plan"
OPEN = ("pending", "in_progress")


def plan(todos: list[dict[str, Any]]) -> Box | Leaf:
    """Return the list, folded to one line; empty when all of it is done or dropped, or there is none."""
    items = dicts(todos)
    if not any(item.get("status") in OPEN for item in items):
        return leaf(KEY, Markup('<div class="plan"></div>'))
    head = Markup("<summary>{}<span class=clip>{}</span></summary>").format(icon("check"), shown(summary(items)))
    kids = [leaf(KEY + "h", head), leaf(KEY + "i", checklist(items))]
    return Box(KEY, "details", {"class": "plan"}, kids)

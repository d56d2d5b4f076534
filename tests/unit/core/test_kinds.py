# SPDX-License-Identifier: MIT
"""Whatever the code adds to the timeline is in its table, and the table has nothing that nobody adds."""

import ast
from pathlib import Path
from typing import get_args

import opencode_nexus
from opencode_nexus.core.kinds import GROUPS, KINDS
from opencode_nexus.store.audit_lines import LINES
from opencode_nexus.web.api.models.event import EventGroup

SOURCE = Path(opencode_nexus.__file__).parent
ADDERS = {"note", "_note", "add", "_add", "_tell", "_say"}
# Kinds whose name is put together: the pieces stand in the code, and what may come of them here.
PUT_TOGETHER = {
    "budget-": {"budget-warned", "budget-reached"},
    "tunnel-": {"tunnel-stopped", "tunnel-failed"},
    "permission-": set(),  # the audit log's, which are in LINES
}


def said(call: ast.Call) -> list[ast.expr]:
    """The kind in a call that adds a line: the first or, after an id or a row, the second argument, in each branch."""
    found: list[ast.expr] = []
    for argument in call.args[:3]:
        found += [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return found


def added() -> dict[str, str]:
    """Kind → file, of every call that adds a line to the timeline."""
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        if "activity" not in text and ".note(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ADDERS):
                continue
            owner = ast.unparse(node.func.value)
            if node.func.attr == "add" and not owner.endswith("activity"):
                continue
            for argument in said(node):
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and _kind(argument.value):
                    found[argument.value] = path.name
                elif isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
                    for kind in PUT_TOGETHER.get(str(argument.values[0].value), ()):
                        found[kind] = path.name
    return found


def _kind(text: str) -> bool:
    return "-" in text and text.replace("-", "").isalpha() and text.islower()


def test_every_line_that_is_added_has_its_kind_in_the_table() -> None:
    kinds = added()
    assert len(kinds) > 40  # it found them
    assert not {kind: where for kind, where in kinds.items() if kind not in KINDS}
    assert not set(LINES) - set(KINDS)


def test_the_table_has_only_what_is_added() -> None:
    assert set(KINDS) <= set(added()) | set(LINES)


def test_every_kind_has_a_group_that_is_offered() -> None:
    assert {kind.group for kind in KINDS.values()} == set(GROUPS) == set(get_args(EventGroup))

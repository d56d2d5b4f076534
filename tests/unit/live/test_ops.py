# SPDX-License-Identifier: MIT
"""The table of ops is the truth for server, page and docs."""

import inspect
import re
from importlib import resources

from opencode_nexus.live import ops


def test_each_op_has_a_maker_with_its_name_first() -> None:
    makers = {
        name: maker for name, maker in inspect.getmembers(ops, inspect.isfunction) if maker.__module__ == ops.__name__
    }
    assert set(makers) == set(ops.OPS)
    for name, maker in makers.items():
        needed = [p for p in inspect.signature(maker).parameters.values() if p.default is p.empty]
        made = maker(*("x" for _ in needed))
        assert made[0] == name
        assert len(made) == len(needed) + 1


def test_the_page_knows_exactly_these() -> None:
    script = (resources.files("opencode_nexus.web") / "static/wire.js").read_text(encoding="utf-8")
    known = set()
    for table in ("acts", "tells"):
        body = re.search(rf"const {table} = \{{\n(.*?)\n  \}};", script, re.DOTALL)
        assert body is not None
        known |= set(re.findall(r"^    (\w+)[:,]", body[1], re.MULTILINE))
    assert known == set(ops.OPS)

# SPDX-License-Identifier: MIT
"""Which part of a tree has run away."""

from collections.abc import Sequence

from opencode_nexus.observe.trees import Member


def biggest(members: Sequence[Member], limit: int) -> list[list[Member]]:
    """Return the branches below the server to end, so that at most `limit` processes are left; each with its top first.

    The biggest first, and language and MCP servers last: they belong to the server and seldom multiply. `members` are
    one tree, parents before their children.
    """
    if not members:
        return []
    branch_of: dict[int, int] = {}
    branches: dict[int, list[Member]] = {}
    for member in members[1:]:
        top = member.pid if member.depth == 1 else branch_of.get(member.parent, member.pid)
        branch_of[member.pid] = top
        branches.setdefault(top, []).append(member)
    # of two alike the later one goes: what was there first did not make the crowd
    order = sorted(enumerate(branches.values()), key=lambda one: (one[1][0].kind != "", -len(one[1]), -one[0]))
    left, chosen = len(members), []
    for _, branch in order:
        if left <= limit:
            break
        chosen.append(branch)
        left -= len(branch)
    return chosen

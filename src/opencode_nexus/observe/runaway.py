# SPDX-License-Identifier: MIT
"""Which part of a tree has run away."""

from collections.abc import Sequence

from opencode_nexus.observe.trees import Member


def biggest(members: Sequence[Member], limit: int, *, tools: bool = False) -> list[list[Member]]:
    """Return the crowds to end, so that at most `limit` processes are left where that can be; each nearest first.

    A crowd is all that one tool of OpenCode's started. The tool itself is spared: OpenCode waits for ever for a command
    whose shell is ended by a signal (measured on 1.18.33), while one whose children are ended comes to its end and the
    agent hears of it. With `tools` those go too.

    The biggest first, and those of language and MCP servers last: they seldom multiply. `members` are one tree,
    parents before their children.
    """
    tool_of: dict[int, Member] = {}
    crowds: dict[int, list[Member]] = {}
    for member in members:
        if member.depth == 0:
            continue
        tool = tool_of[member.pid] = member if member.depth == 1 else tool_of.get(member.parent, member)
        crowd = crowds.setdefault(tool.pid, [])
        if member is not tool or tools:
            crowd.append(member)
    # of two alike the later one goes: what was there first did not make the crowd
    order = sorted(
        ((tool_of[pid].kind != "", -len(crowd), -place, crowd) for place, (pid, crowd) in enumerate(crowds.items())),
        key=lambda one: one[:3],
    )
    left, chosen = len(members), []
    for *_, crowd in order:
        if left <= limit:
            break
        if crowd:
            chosen.append(crowd)
            left -= len(crowd)
    return chosen

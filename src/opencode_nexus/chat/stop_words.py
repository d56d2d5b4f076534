# SPDX-License-Identifier: MIT
"""What a stop did, in words."""

from collections.abc import Sequence

from opencode_nexus.chat.commands_run import Told
from opencode_nexus.chat.stopping import AbortResult

SHOWN = 80  # characters of a command


def stop_words(result: AbortResult, session_id: str, commands: Sequence[Told], queued: int) -> tuple[str, str]:
    """Return the notice's kind ("ok" or "bad") and its sentences; `queued`: messages of ours that wait to be sent."""
    if not result.sessions and not result.withdrawn:
        return "ok", "Nothing was running, so nothing was stopped." + _queued(queued)
    others = [one for one in result.sessions if one != session_id]
    if not result.stopped:
        who = "The agent" if not others else f"The agent and {_count(len(others), 'sub-agent')}"
        was = "was" if not others else "were"
        return "bad", f"{who} {was} told to stop, and something still runs. Try again in a moment." + _queued(queued)
    what = "this chat" if session_id in result.sessions or not others else ""
    agents = _count(len(others), "sub-agent") if others else ""
    said = [f"Stopped {' and '.join(filter(None, (what, agents)))}."]
    said += [_command(one) for one in commands]
    if result.withdrawn:
        said.append(
            f"{_count(result.withdrawn, 'question')} to you {'was' if result.withdrawn == 1 else 'were'} withdrawn."
        )
    said.append("What the agent said before is kept.")
    bad = any(one.ended is False for one in commands)
    return ("bad" if bad else "ok"), " ".join(said) + _queued(queued)


def _command(one: Told) -> str:
    line = " ".join(one.command.split())
    shown = line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
    if one.ended:
        return f"The command “{shown}” was ended."
    if one.ended is None:
        return f"The command “{shown}” was told to end."
    pids = ", ".join(str(pid) for pid in one.pids[:5])
    return f"The command “{shown}” was told to end and still runs (process {pids})."


def _queued(count: int) -> str:
    if not count:
        return ""
    return f" {_count(count, 'queued message')} {'stays' if count == 1 else 'stay'} and can be sent or removed."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

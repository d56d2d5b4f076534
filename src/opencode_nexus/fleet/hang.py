# SPDX-License-Identifier: MIT
"""What is said and done about a server that gives no sign of life. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hang:
    """`how` says it as a cause, `words` as a state with what follows ("": it does not hang); `over`: it is to be ended
    and started anew.
    """

    how: str = ""
    words: str = ""
    over: bool = False


NONE = Hang()


def judge(seconds: float, *, pid: int, paused: bool, busy: bool, restart_after: float) -> Hang:
    """Judge a server that has neither answered nor told anything for so many seconds.

    `paused`: its process was stopped by a signal, `busy`: an agent worked on it as last known, whose work would be
    lost; `restart_after` in seconds, 0: never.
    """
    if paused:
        how = f"Its process {pid} was paused from outside (SIGSTOP), so that it does nothing."
        way_out = f"“kill -CONT {pid}” lets it go on."
    else:
        how = f"It hangs: it has neither answered nor told anything for over {span(seconds)}."
        way_out = ""
    if not restart_after:
        follows = "Restart it if that does not end."
    elif busy:
        follows = "An agent was at work on it, so it is not restarted by itself: restart it if that does not end."
    elif seconds >= restart_after:
        return Hang(how, f"{how} It is restarted.", over=True)
    else:
        follows = f"It is restarted when that has gone on for {span(restart_after)}."
    return Hang(how, " ".join(filter(None, (how, way_out, follows))))


def span(seconds: float) -> str:
    """Return so many seconds in words that change once a minute: who looks is told of changes only."""
    if seconds < 60:
        return "30 seconds" if seconds >= 30 else f"{seconds:.0f} seconds"
    minutes = int(seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"

# SPDX-License-Identifier: MIT
"""What to do when the hub starts: from what is wanted and what is there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.tree import Marked
from opencode_nexus.store.servers import RunRow, ServerRow


@dataclass(frozen=True, slots=True)
class Plan:
    """`adopt` by server id: the run and its process; `end`: runs to finish off; `start`: servers that are wanted."""

    adopt: Mapping[str, tuple[RunRow, Identity]]
    end: tuple[tuple[RunRow, Identity | None], ...]
    start: tuple[str, ...]
    leftovers: tuple[Identity, ...]


def reconcile(
    wanted: Iterable[ServerRow], runs: Iterable[RunRow], alive: Mapping[str, Identity], marked: Iterable[Marked]
) -> Plan:
    """Plan the start of a hub.

    `alive` holds, by start id, the processes of `runs` that were found living by their identity; `marked` all
    processes with a mark of this home. A run whose hub was killed between the spawn and noting the process id has no
    identity, so its server is looked for by its mark: of those with that mark, the one whose parent has another.
    """
    wanted, runs, marked = list(wanted), list(runs), list(marked)
    ids = {server.id for server in wanted}
    adopt: dict[str, tuple[RunRow, Identity]] = {}
    end: list[tuple[RunRow, Identity | None]] = []
    for run in sorted(runs, key=lambda row: row.begun, reverse=True):
        root = alive.get(run.start_id)
        if root is None and run.pid is None:
            root = _root(run.mark, marked)
        if root is not None and run.server_id in ids and run.server_id not in adopt:
            adopt[run.server_id] = (run, root)
        else:
            end.append((run, root))
    known = {run.mark for run in runs}
    return Plan(
        adopt=adopt,
        end=tuple(end),
        start=tuple(server.id for server in wanted if server.autostart and server.id not in adopt),
        leftovers=tuple(found.identity for found in marked if found.mark not in known),
    )


def _root(mark: str, marked: list[Marked]) -> Identity | None:
    with_mark = [found for found in marked if found.mark == mark]
    pids = {found.identity.pid for found in with_mark}
    heads = [found.identity for found in with_mark if found.parent not in pids]
    # a tool that was reparented is a head as well; the server is older than any of them
    return min(heads, key=lambda identity: identity.created, default=None)

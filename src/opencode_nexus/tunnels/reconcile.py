# SPDX-License-Identifier: MIT
"""What to do with tunnels when the hub starts: from what is wanted and what still runs. Pure."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.tree import Marked
from opencode_nexus.store.tunnels import TunnelRunRow


@dataclass(frozen=True, slots=True)
class Plan:
    """`adopt` by tunnel id: the run and its process; `end`: runs to finish off, and `leftovers` of none of them.

    `lost`: tunnels whose process hands requests to where the hub no longer listens; it is among `end`.
    """

    adopt: Mapping[str, tuple[TunnelRunRow, Identity]]
    end: tuple[tuple[TunnelRunRow, Identity | None], ...]
    leftovers: tuple[Identity, ...]
    lost: frozenset[str]


def reconcile(
    tunnels: Iterable[str],
    origins: Container[str],
    runs: Iterable[TunnelRunRow],
    alive: Mapping[str, Identity],
    marked: Iterable[Marked],
) -> Plan:
    """Plan the start of a hub.

    `tunnels` are the ids of those that are wanted, `origins` the addresses at which the hub listens now; `alive` holds,
    by run id, the processes of `runs` that were found living; `marked` all processes with a mark of this home. A run
    whose hub was killed between the spawn and noting the process id is found by its mark.
    """
    ids, marked = set(tunnels), list(marked)
    heads = {found.mark: found.identity for found in reversed(marked)}
    adopt: dict[str, tuple[TunnelRunRow, Identity]] = {}
    end: list[tuple[TunnelRunRow, Identity | None]] = []
    lost, known = set(), set()
    for run in sorted(runs, key=lambda row: row.begun, reverse=True):
        known.add(run.mark)
        root = alive.get(run.run_id)
        if root is None and run.pid is None:
            root = heads.get(run.mark)
        if root is not None and run.tunnel_id in ids and run.tunnel_id not in adopt:
            if run.origin in origins:
                adopt[run.tunnel_id] = (run, root)
                continue
            lost.add(run.tunnel_id)
        end.append((run, root))
    return Plan(
        adopt=adopt,
        end=tuple(end),
        leftovers=tuple(found.identity for found in marked if found.mark not in known),
        lost=frozenset(lost - adopt.keys()),
    )

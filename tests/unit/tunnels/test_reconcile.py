# SPDX-License-Identifier: MIT
"""What a hub does with what still runs when it starts."""

from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.tree import Marked
from opencode_nexus.store.tunnels import TunnelRunRow
from opencode_nexus.tunnels.reconcile import Plan, reconcile

HERE, THERE = "http://127.0.0.1:4700", "http://127.0.0.1:4701"


def run(run_id: str, tunnel_id: str = "t", begun: float = 1.0, origin: str = HERE, pid: int | None = 7) -> TunnelRunRow:
    return TunnelRunRow(run_id, tunnel_id, f"home:{tunnel_id}:{run_id}", begun, begun, origin, "", "", "", 0, pid, 1.0)


def plan(runs: list[TunnelRunRow], alive: dict[str, Identity], *marked: Marked) -> Plan:
    return reconcile(["t", "u"], {HERE, "unix:/s"}, runs, alive, marked)


ALIVE = Identity(7, 1.0)


def test_nothing() -> None:
    assert plan([], {}) == Plan({}, (), (), frozenset())


def test_what_runs_is_taken_up_and_what_does_not_is_forgotten() -> None:
    first, second = run("a"), run("b", "u")
    found = plan([first, second], {"a": ALIVE})
    assert (found.adopt, found.end, found.lost) == ({"t": (first, ALIVE)}, ((second, None),), frozenset())


def test_of_two_the_newer() -> None:
    old, new = run("a", begun=1), run("b", begun=2)
    found = plan([old, new], {"a": ALIVE, "b": Identity(8, 2.0)})
    assert found.adopt["t"][0] is new and found.end == ((old, ALIVE),) and not found.lost


def test_one_that_leads_to_where_the_hub_no_longer_listens() -> None:
    row = run("a", origin=THERE)
    found = plan([row], {"a": ALIVE})
    assert (found.adopt, found.end, found.lost) == ({}, ((row, ALIVE),), frozenset({"t"}))


def test_one_whose_process_id_was_not_noted_is_found_by_its_mark() -> None:
    row = run("a", pid=None)
    found = plan([row], {}, Marked(ALIVE, row.mark, 1), Marked(Identity(9, 2.0), "home:x:y", 1))
    assert found.adopt == {"t": (row, ALIVE)}
    assert found.leftovers == (Identity(9, 2.0),)


def test_one_of_a_tunnel_that_is_no_more() -> None:
    row = run("a", "gone")
    assert plan([row], {"a": ALIVE}).end == ((row, ALIVE),)

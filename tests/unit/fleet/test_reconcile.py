# SPDX-License-Identifier: MIT
from opencode_nexus.fleet.reconcile import Plan, reconcile
from opencode_nexus.processes.identity import Identity
from opencode_nexus.processes.tree import Marked
from opencode_nexus.store.servers import RunRow, ServerRow


def server(name: str, autostart: bool = True) -> ServerRow:
    return ServerRow(name, name.title(), ("/p",), autostart, 1.0)


def run(name: str, server_id: str, pid: int | None, begun: float = 1.0) -> RunRow:
    return RunRow(name, server_id, f"home:{server_id}:{name}", 5000, begun, pid, None if pid is None else 10.0)


def who(pid: int, created: float = 10.0) -> Identity:
    return Identity(pid, created)


def test_nothing_is_there_and_nothing_is_wanted() -> None:
    assert reconcile([], [], {}, []) == Plan({}, (), (), ())


def test_what_is_wanted_is_started_unless_it_runs() -> None:
    wanted = [server("a"), server("b"), server("c", autostart=False), server("d", autostart=False)]
    rows = [run("r1", "a", 11), run("r2", "d", 14)]
    plan = reconcile(wanted, rows, {"r1": who(11), "r2": who(14)}, [])
    assert plan.adopt == {"a": (rows[0], who(11)), "d": (rows[1], who(14))}
    assert plan.start == ("b",)
    assert plan.end == ()


def test_a_run_whose_process_is_gone_is_cleared_and_started_anew() -> None:
    row = run("r1", "a", 11)
    tool = Marked(who(30), row.mark, 1)
    plan = reconcile([server("a")], [row], {}, [tool])
    assert plan == Plan({}, ((row, None),), ("a",), ())


def test_a_process_of_a_removed_server_is_ended() -> None:
    row = run("r1", "gone", 11)
    assert reconcile([server("a", autostart=False)], [row], {"r1": who(11)}, []).end == ((row, who(11)),)


def test_of_two_runs_the_newer_one_is_taken_up() -> None:
    old, new = run("r1", "a", 11, begun=1.0), run("r2", "a", 12, begun=2.0)
    plan = reconcile([server("a")], [old, new], {"r1": who(11), "r2": who(12)}, [])
    assert plan.adopt == {"a": (new, who(12))}
    assert plan.end == ((old, who(11)),)


def test_a_process_that_was_spawned_but_never_noted_is_found_by_its_mark() -> None:
    row = run("r1", "a", None)
    root, child = Marked(who(20, 100.0), row.mark, 1), Marked(who(21, 101.0), row.mark, 20)
    orphan = Marked(who(19, 102.0), row.mark, 1)
    plan = reconcile([server("a")], [row], {}, [orphan, child, root])
    assert plan.adopt == {"a": (row, who(20, 100.0))}
    assert reconcile([server("a")], [row], {}, []).end == ((row, None),)


def test_marked_processes_of_no_known_run_are_leftovers() -> None:
    row = run("r1", "a", 11)
    mine, stray = Marked(who(30), row.mark, 11), Marked(who(31), "home:a:older", 1)
    plan = reconcile([server("a")], [row], {"r1": who(11)}, [mine, stray])
    assert plan.leftovers == (who(31),)

# SPDX-License-Identifier: MIT
"""Which states of servers and tunnels are wrong, in the figures that the alert rules are held against."""

from types import SimpleNamespace
from typing import Any

import pytest

from opencode_nexus.fleet.state import ServerState
from opencode_nexus.observe.alert_rules import BY_ID
from opencode_nexus.web.alert_readings import readings


def hub_of(**parts: Any) -> Any:
    none: dict[str, Any] = {
        "fleet": SimpleNamespace(list=list),
        "tunnels": SimpleNamespace(list=list),
        "machine": SimpleNamespace(latest=None),
        "usage": SimpleNamespace(of=lambda server_id: None),
        "disk": SimpleNamespace(bytes=lambda server_id: None),
        "inbox_desk": SimpleNamespace(rows=list),
        "clock": SimpleNamespace(now=lambda: 10_000.0),
        "budgets": SimpleNamespace(of_day=lambda: SimpleNamespace(share=None)),
    }
    return SimpleNamespace(**{**none, **parts})


def wrong(hub: Any) -> set[str]:
    """The rules that are broken, with the figures as they come."""
    found = list(readings(hub))
    assert {one.rule for one in found} <= set(BY_ID)
    return {one.rule for one in found if one.value is not None and one.value >= (BY_ID[one.rule].threshold or 1)}


@pytest.mark.parametrize(
    ("server", "rules"),
    [
        ({"state": "running"}, set()),
        ({"state": "stopped", "reason": "It was stopped."}, set()),
        ({"state": "running", "reason": "It runs but does not answer."}, {"server-silent"}),
        ({"state": "failed", "reason": "It died.", "retry_at": 5.0, "restarts": 1}, set()),
        ({"state": "failed", "reason": "It died.", "retry_at": 5.0, "restarts": 3}, {"server-crashing"}),
        ({"state": "running", "restarts": 3}, {"server-crashing"}),
        ({"state": "failed", "reason": "It is not started again."}, {"server-crashing"}),
        ({"state": "running", "reason": "It is reached by http.", "kind": "attached"}, set()),
        ({"state": "failed", "reason": "Away.", "retry_at": 5.0, "kind": "attached"}, {"server-silent"}),
        ({"state": "failed", "reason": "Wrong password.", "kind": "attached"}, {"server-silent"}),
    ],
)  # fmt: skip
def test_servers(server: dict[str, Any], rules: set[str]) -> None:
    one = {
        "id": "srv_1", "name": "One", "projects": (), "pid": 5, "started": None, "port": None, "version": None,
        "since": 0.0, "reason": "", "last_lines": (), "adopted": False, "autostart": True, "restarts": 0,
        "retry_at": None,
    }  # fmt: skip
    assert wrong(hub_of(fleet=SimpleNamespace(list=lambda: [ServerState(**{**one, **server})]))) == rules


@pytest.mark.parametrize(
    ("state", "rules"),
    [("ready", set()), ("stopped", set()), ("connecting", {"tunnel-down"}), ("failed", {"tunnel-down"})],
)
def test_tunnels(state: str, rules: set[str]) -> None:
    tunnel = SimpleNamespace(
        id="tun_1", config=SimpleNamespace(name="Home"), status=SimpleNamespace(state=state, reason="")
    )
    assert wrong(hub_of(tunnels=SimpleNamespace(list=lambda: [tunnel]))) == rules


def test_the_machine_what_waits_and_the_budget() -> None:
    assert wrong(hub_of()) == set()
    sample = SimpleNamespace(memory_used=95, memory_total=100, disk_used=None, disk_total=100)
    waits = [SimpleNamespace(waits=True, at=10_000.0 - 60 * age, title="") for age in (3, 31)]
    day = SimpleNamespace(share=0.85, taken="$8.50", most="$10.00")
    hub = hub_of(
        machine=SimpleNamespace(latest=sample),
        inbox_desk=SimpleNamespace(rows=lambda: waits),
        budgets=SimpleNamespace(of_day=lambda: day),
    )
    assert wrong(hub) == {"machine-memory", "waiting", "budget"}
    said = {one.rule: one.said for one in readings(hub)}
    assert said["waiting"] == "“New chat” has waited for 31 minutes, and 1 more."
    assert said["budget"] == "$8.50 of $10.00 are used today."

# SPDX-License-Identifier: MIT
"""web/pages/overview.py and server_card.py: figures in words, and nothing said that is not known."""

from typing import Any

import pytest

from opencode_nexus.fleet.state import ServerState
from opencode_nexus.observe.machine import MachineSample
from opencode_nexus.render.page import environment
from opencode_nexus.web.page import Pages
from opencode_nexus.web.pages.overview import Measure, Overview, Running, machine_measures
from opencode_nexus.web.pages.server_card import ServerCard
from opencode_nexus.web.static import StaticFiles

GB = 1_000_000_000
UNKNOWN = "not known"


def server(**more: Any) -> ServerState:
    values: dict[str, Any] = {
        "id": "srv_1", "name": "OpenCode", "projects": (), "state": "running", "pid": 4, "started": 1.0,
        "port": 5, "version": "1.18.33", "since": 1.0, "reason": "", "last_lines": (), "adopted": False,
        "autostart": True, "restarts": 0, "retry_at": None,
    }  # fmt: skip
    return ServerState(**{**values, **more})


def overview(*states: str, running: int = 0) -> Overview:
    cards = [ServerCard(server(state=state)) for state in states]
    return Overview(cards, [], [Running("srv_1", "OpenCode", f"s{n}", "") for n in range(running)], [], [])


def test_a_machine_that_was_not_measured_is_not_known() -> None:
    assert {(m.percent, m.words) for m in machine_measures(None)} == {(None, UNKNOWN)}


def test_measures_are_shares_with_their_words() -> None:
    sample = MachineSample(23.4, 2, 6 * GB, 24 * GB, 30 * GB, 120 * GB)
    assert machine_measures(sample) == [
        Measure("CPU", 23.4, "23 % of 2 cores"),
        Measure("Memory", 25.0, "6.0 GB of 24.0 GB"),
        Measure("Disk", 25.0, "30.0 GB of 120 GB"),
    ]


def test_what_a_sample_lacks_is_not_known_by_itself() -> None:
    cpu, memory, disk = machine_measures(MachineSample(None, 1, 1 * GB, 2 * GB, None, None))
    assert (cpu.percent, cpu.words) == (None, UNKNOWN)
    assert memory.percent == 50
    assert (disk.percent, disk.words) == (None, UNKNOWN)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (overview(), "No server yet"),
        (overview("running"), "1 of 1 server running · no session at work"),
        (overview("running", "stopped", running=1), "1 of 2 servers running · 1 session at work"),
        (
            overview("failed", "starting", running=2),
            "0 of 2 servers running · 1 starting · 1 failed · 2 sessions at work",
        ),
    ],
)
def test_the_summary_counts(shown: Overview, words: str) -> None:
    assert shown.summary == words


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (overview("starting"), "A server is starting."),
        (overview("stopped"), "No server is running. Start one"),
        (overview("running", "starting"), "No agent is at work."),
    ],
)
def test_nobody_is_told_to_start_what_is_starting(shown: Overview, words: str) -> None:
    running = Pages(environment(), StaticFiles()).macro("dashboard_parts.html", "running")
    html = str(running(shown, lambda path: path))
    assert words in html
    assert html.count('<p class="muted">') == 1


def test_a_cpu_share_may_pass_one_core_and_may_be_unknown() -> None:
    assert ServerCard(server(), cpu=134.6).cpu_words == "135 %"
    assert ServerCard(server()).cpu_words == UNKNOWN

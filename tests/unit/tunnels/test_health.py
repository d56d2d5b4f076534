# SPDX-License-Identifier: MIT
"""Every state and every cause, from what is seen."""

import pytest

from opencode_nexus.tunnels import health
from opencode_nexus.tunnels.config import Kind, TunnelConfig
from opencode_nexus.tunnels.errors import (
    BadTunnel,
    CloudflaredEnded,
    CloudflaredTooOld,
    EdgeLost,
    HostnameNotRouted,
    NetworkBlocked,
    OriginDown,
    RateLimited,
    RefusedUnheard,
    RegistrationRefused,
    TokenRefused,
    TunnelDeleted,
    TunnelError,
)
from opencode_nexus.tunnels.events import Event
from opencode_nexus.tunnels.health import Finding, Signs, ended, judge
from opencode_nexus.tunnels.origins import Route

NAME = "a-b.trycloudflare.com"
UP = Event("registered", "lhr01", {"connIndex": "0", "protocol": "http2"})


def begun(kind: Kind = "quick") -> Signs:
    """Started at 100 s; its metrics are known and answer."""
    signs = Signs(kind, 4700, 100.0, hostname="code.example.com" if kind in ("api", "config") else "")
    if kind == "quick":
        signs.hear(Event("url", NAME.upper()), 100.5)
    signs.hear(Event("metrics", "5000"), 101.0)
    signs.count(0, 101.0)
    return signs


def up(kind: Kind = "quick", *routes: Route) -> Signs:
    """Connected at 102 s."""
    signs = begun(kind)
    signs.hear(UP, 102.0)
    signs.count(1, 102.0)
    signs.routes = routes or None
    return signs


def is_(finding: Finding, state: str, problem: type[TunnelError] | None, action: str = "none") -> None:
    assert (finding.state, type(finding.problem) if finding.problem else None, finding.action) == (
        state, problem, action,
    )  # fmt: skip


def test_it_starts_connects_and_is_ready() -> None:
    signs = Signs("quick", 4700, 100.0)
    is_(judge(signs, 101), "starting", None)
    is_(judge(begun(), 102), "connecting", None)
    signs = up()
    is_(judge(signs, 102.1), "ready", None)
    assert (signs.names(), signs.protocol, signs.edges) == ((NAME,), "http2", {"0": "lhr01"})


def test_the_log_is_waited_for_when_the_metrics_are_faster() -> None:
    signs = begun()
    signs.count(1, 102.0)
    is_(judge(signs, 102.5), "connecting", None)
    is_(judge(signs, 103.1), "ready", None)


def test_it_does_not_come_up() -> None:
    is_(judge(Signs("quick", 4700, 100.0), 100 + health.BIRTH), "starting", CloudflaredEnded, "restart")


def test_it_lives_but_does_not_answer() -> None:
    is_(judge(up(), 102 + health.DEAF), "degraded", CloudflaredEnded, "restart")


@pytest.mark.parametrize("kind", ["quick", "token", "config"])
def test_no_connection_at_first(kind: Kind) -> None:
    signs = begun(kind)
    is_(judge(signs, 100 + health.SLOW), "connecting", NetworkBlocked)
    signs = begun(kind)
    signs.hear(Event("unreachable", "dial  tcp:\n refused", {"connIndex": "0"}), 102.0)
    finding = judge(signs, 102.1)
    is_(finding, "connecting", NetworkBlocked)
    assert finding.problem is not None and finding.problem.detail == "dial tcp: refused"


def test_the_edge_is_lost_and_cloudflareds_own_reconnects_are_waited_out() -> None:
    for kind, patience in (("quick", health.QUICK_SILENCE), ("config", health.NAMED_PATIENCE)):
        signs = up(kind)  # type: ignore[arg-type]
        signs.hear(Event("lost", "Lost connection with the edge", {"connIndex": "0"}), 200.0)
        signs.count(0, 200.0)
        assert signs.edges == {}
        is_(judge(signs, 200.1), "degraded", EdgeLost)
        signs.answered = 199.0 + patience
        is_(judge(signs, 199.0 + patience), "degraded", EdgeLost)
        signs.answered = 201.0 + patience
        is_(judge(signs, 201.0 + patience), "degraded", EdgeLost, "restart")
        signs.hear(UP, 202.0 + patience)
        signs.count(1, 202.0 + patience)
        is_(judge(signs, 202.0 + patience), "ready", None)


def test_a_quick_tunnel_that_goes_on_trying_keeps_its_address() -> None:
    signs = up()
    signs.count(0, 200.0)
    signs.answered = signs.spoke = 200.0 + 5 * health.QUICK_SILENCE
    is_(judge(signs, 201.0 + 5 * health.QUICK_SILENCE), "degraded", EdgeLost)


def refused(signs: Signs, at: float, times: int) -> Signs:
    signs.count(0, at)
    for _ in range(times):
        signs.hear(Event("unauthorized", "Unauthorized: Invalid tunnel secret"), at)
    return signs


def test_unauthorized_once_may_be_a_slip() -> None:
    is_(judge(refused(up(), 200, 1), 210), "degraded", EdgeLost)
    is_(judge(refused(up(), 200, 2), 201), "degraded", EdgeLost)


def test_unauthorized_for_ever() -> None:
    is_(judge(refused(up(), 200, 2), 200 + health.SETTLED), "degraded", TunnelDeleted, "renew")
    signs = refused(up("token"), 200, 2)
    is_(judge(signs, 200 + health.SETTLED), "failed", TokenRefused)
    signs.hear(UP, 300)
    signs.count(1, 300)
    signs.routes = (Route("a.example.com", "http://127.0.0.1:4700"),)
    is_(judge(signs, 300), "ready", None)


def test_a_refusal_of_which_the_log_says_nothing() -> None:
    signs = up()
    signs.reject(3, 150)  # of another time
    signs.count(0, 200)
    signs.reject(4, 201)
    is_(judge(signs, 210), "degraded", EdgeLost)
    signs.reject(5, 211)
    is_(judge(signs, 212), "degraded", TunnelDeleted, "renew")
    for fresh in (begun(), up("token")):  # a quick one that never had a connection: no address is lost by asking aloud
        fresh.count(0, 200)
        fresh.reject(2, 200)
        is_(judge(fresh, 204), "degraded", RefusedUnheard, "restart")


def test_what_an_adopted_one_was_refused_before_does_not_count() -> None:
    signs = begun()
    signs.mute_before = None
    signs.reject(7, 102)
    signs.reject(8, 103)
    assert not signs.refused
    signs.reject(9, 104)
    assert signs.refused


HERE, THERE = Route("a.example.com", "http://localhost:4700"), Route("b.example.com", "http://127.0.0.1:8000")


def test_where_the_names_of_a_named_tunnel_lead() -> None:
    is_(judge(up("token"), 103), "connecting", None)
    is_(judge(up("token"), 102 + health.ROUTED), "degraded", HostnameNotRouted)
    is_(judge(up("token", Route("", "http_status:404")), 103), "degraded", HostnameNotRouted)
    finding = judge(up("token", THERE), 103)
    is_(finding, "degraded", OriginDown)
    assert finding.problem is not None and "http://127.0.0.1:4700" in finding.problem.detail
    mixed = up("token", THERE, HERE, HERE, Route("*.example.com", HERE.service))
    is_(judge(mixed, 103), "ready", None)
    assert mixed.names() == ("a.example.com",)
    assert up("config").names() == ("code.example.com",)


def test_a_wildcard_leads_to_no_name() -> None:
    wild = Route("*.example.com", HERE.service)
    for routes in ((wild,), (THERE, wild)):
        finding = judge(up("token", *routes), 103)
        is_(finding, "degraded", HostnameNotRouted)
        assert finding.problem is not None and finding.problem.detail.startswith("*.example.com leads here, but ")


@pytest.mark.parametrize("name", ["127.0.0.1", "192.168.1.7", "::1", "[::1]", "localhost", "nexus.localhost"])
def test_a_name_of_this_side_is_no_public_name(name: str) -> None:
    """The hub's own door answers to no public name: one such would shut the owner out."""
    signs = up("token", Route(name, HERE.service))
    assert signs.names() == ()
    finding = judge(signs, 103)
    is_(finding, "degraded", HostnameNotRouted)
    assert finding.problem is not None and finding.problem.detail.startswith(f"{name} leads here, but ")
    assert up("token", Route(name, HERE.service), HERE).names() == ("a.example.com",)
    kept = up("config")
    kept.hostname = name
    assert kept.names() == ()
    with pytest.raises(BadTunnel, match="is not a host name"):
        TunnelConfig("Home", "config", hostname=name, credentials="/a.json").checked()


def test_a_name_that_the_main_door_answers_to_is_no_public_name() -> None:
    mine = ("home.example.com",).__contains__
    for signs in (up("token", Route("home.example.com", HERE.service)), up("config")):
        signs.hostname = signs.hostname and "home.example.com"
        assert signs.names() == ("home.example.com",)
        signs.taken = mine
        assert signs.names() == ()
        finding = judge(signs, 103)
        is_(finding, "degraded", HostnameNotRouted)
        assert finding.problem is not None and finding.problem.detail.startswith("home.example.com leads here, but ")
        assert "allowed_hosts" in finding.problem.detail
    both = up("token", Route("home.example.com", HERE.service), HERE)
    both.taken = mine
    assert both.names() == ("a.example.com",)


@pytest.mark.parametrize("service", ["http://localhost:4600", "http://127.0.0.1:4600", "https://[::1]:4600"])
def test_a_rule_that_leads_to_the_main_door(service: str) -> None:
    wrong = Route("b.example.com", service)
    for routes in ((wrong,), (HERE, wrong)):
        signs = up("token", *routes)
        signs.main = 4600
        finding = judge(signs, 103)
        is_(finding, "degraded", OriginDown)
        assert finding.problem is not None and finding.problem.detail.startswith(f"b.example.com leads to {service}, ")
        assert "Put http://127.0.0.1:4700 as its service" in finding.problem.detail


def test_a_hub_that_was_not_reached() -> None:
    signs = up()
    signs.hear(Event("origin", "Unable to reach the origin service: refused"), 200)
    is_(judge(signs, 201), "degraded", OriginDown)
    signs.answered = 200 + health.ORIGIN
    is_(judge(signs, 200 + health.ORIGIN), "ready", None)


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (Event("limited", "429"), RateLimited),
        (Event("offline", "no route"), NetworkBlocked),
        (Event("unserved", "boom"), RegistrationRefused),
        (Event("usage", "-x"), CloudflaredTooOld),
        (Event("refused", "your cloudflared version is too old"), CloudflaredTooOld),
        (Event("refused", "come back later"), RegistrationRefused),
        (Event("unreachable", "no such host", {"connIndex": "0"}), NetworkBlocked),
        (Event("stopping"), CloudflaredEnded),
    ],
)
def test_why_it_ended(event: Event, cause: type[TunnelError]) -> None:
    signs = begun()
    signs.hear(event, 102)
    signs.hear(Event("unserved", "the last words are about something else"), 102) if event.kind == "limited" else None
    found = ended(signs, " with exit status 1", ["a", "b"])
    assert type(found) is cause
    assert found.data["last_lines"] == ["a", "b"]


def test_an_end_after_it_was_ready_has_nothing_to_do_with_its_start() -> None:
    signs = begun()
    signs.hear(Event("refused", "come back later"), 102)
    signs.hear(UP, 103)
    signs.count(1, 103)
    found = ended(signs, " by SIGKILL", [])
    assert type(found) is CloudflaredEnded and "SIGKILL" in found.detail


def test_long_words_are_cut() -> None:
    signs = begun()
    signs.hear(Event("unreachable", "x" * 1000, {}), 102)
    found = judge(signs, 103).problem
    assert found is not None and len(found.detail) == 300

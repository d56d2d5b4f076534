# SPDX-License-Identifier: MIT
"""The timeline's page and API: filtered, followed, paged; and the pages of the alerts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.observe.alerts import Reading
from opencode_nexus.store.activity import Activity
from opencode_nexus.web.pages import events_view
from opencode_nexus.web.pages.events_view import EventsUnusable, wanted_of
from tests.unit.web.pages.test_logs import Site, frames, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path, home: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path / "nexus") as site:
        yield site


def line(site: Site) -> Activity:
    assert isinstance(site.hub.activity, Activity)
    return site.hub.activity


async def test_a_page_shows_what_happened_and_follows(site: Site) -> None:
    await line(site).add("server-crashed", "web <died>.", level="warning")
    await line(site).add("login", "ada signed in.")
    text = await site.text("/events")
    assert "web &lt;died&gt;." in text
    assert text.index("ada signed in") < text.index("web &lt;died")
    assert 'data-topic="events:"' in text
    channel = await site.hub.live.open("events:kind=login&q=ADA")
    await line(site).add("logout", "ben signed out.")
    await line(site).add("login", "Ada came.")
    told = str(await frames(channel, 1))
    assert "Ada came" in told
    assert "ben" not in told


async def test_filters_and_pages(site: Site) -> None:
    for number in range(events_view.PAGE + 2):
        await line(site).add("login", f"number {number}.")
    await line(site).add("alert-opened", "The disk.", level="error")
    assert "number" not in await site.text("/events?kind=alert&level=error")
    first = await site.text("/events?kind=login")
    assert "number 0." not in first
    older = first.partition("before=")[2].partition('"')[0]
    second = await site.text(f"/events?kind=login&before={older}")
    assert "number 0." in second
    assert "number 2." not in second
    assert "data-topic" not in second
    for wrong in ("kind=nothing", "level=loud", "before=x", "before=-1", "before=9999999999999999"):
        assert "cannot be asked for that" in await site.text(f"/events?{wrong}", 400)


async def test_the_list_of_the_api_pages_and_filters(site: Site) -> None:
    await line(site).add("tunnel-failed", "Home was closed.", level="error", tunnel_id="tun_1")
    for number in range(3):
        await line(site).add("login", f"number {number}.")
    answer = (await site.client.get("/api/v1/events?limit=2")).json()
    assert [one["text"] for one in answer["items"]] == ["number 2.", "number 1."]
    answer = (await site.client.get("/api/v1/events", params={"limit": 2, "before": answer["next"]})).json()
    assert [(one["text"], one["tunnel_id"], one["group"]) for one in answer["items"]] == [
        ("number 0.", None, "login"), ("Home was closed.", "tun_1", "tunnel"),
    ]  # fmt: skip
    assert answer["next"] is None
    found = (await site.client.get("/api/v1/events?server=tun_1&level=warning&text=home&kind=tunnel")).json()
    assert len(found["items"]) == 1
    for wrong in ("level=loud", "before=x", "kind=nothing", "limit=0"):
        assert (await site.client.get(f"/api/v1/events?{wrong}")).status_code in (400, 422)


def test_a_topic_says_what_the_page_asks_for() -> None:
    wanted = wanted_of([("q", " a&b "), ("kind", "server"), ("before", "3")])
    assert wanted.topic == "events:q=a%26b&kind=server"
    with pytest.raises(EventsUnusable):
        wanted_of([("level", "x")])


async def alert(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's memory is used up, from now on."""
    found = [Reading("machine-memory", "", "", 97.0, "97 of <100>.")]
    monkeypatch.setattr(site.hub.alerts, "_readings", lambda: found)
    await site.hub.alerts.set_rule("machine-memory", minutes=0)
    await site.hub.alerts.judge()


async def test_an_alert_is_told_everywhere_and_goes_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.hub.inbox_desk.open()
    site.hub.inbox_desk.alerted.open(set())
    await alert(site, monkeypatch)
    (row,) = site.hub.inbox_desk.rows()
    assert row.kind == "alert"
    for page in ("/inbox", "/inbox?kind=alert", "/settings/alerts"):
        text = await site.text(page)
        assert "Memory is nearly used up" in text
        assert "97 of &lt;100&gt;." in text
    assert "nearly used up" not in await site.text("/inbox?kind=failed")
    assert "nearly used up" in await site.text("/events?kind=alert")
    (told,) = (await site.client.get("/api/v1/alerts")).json()["items"]
    assert (told["id"], told["server_id"]) == (row.id, None)
    assert 'alert_open{rule="machine-memory"} 1.0' in await site.text("/metrics")
    monkeypatch.setattr(site.hub.alerts, "_readings", list)
    await site.hub.alerts.judge()
    assert not site.hub.inbox_desk.rows()
    assert "it is over" in (await site.text("/inbox/history")).lower()
    text = await site.text("/metrics")
    assert 'alert_open{rule="machine-memory"} 0.0' in text
    assert 'alert_open{rule="budget"} 0.0' in text
    site.hub.inbox_desk.close()


async def test_one_that_was_put_away_stays_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.hub.inbox_desk.open()
    site.hub.inbox_desk.alerted.open(set())
    await alert(site, monkeypatch)
    (row,) = site.hub.inbox_desk.rows()
    assert (await site.client.post(f"/api/v1/inbox/{row.id}/dismiss")).status_code == 204
    await site.hub.alerts.judge()
    assert not site.hub.inbox_desk.rows()
    assert [one.id for one in site.hub.alerts.all()] == [row.id]
    site.hub.inbox_desk.close()


async def test_no_server_that_goes_takes_an_alert_along(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.hub.inbox_desk.open()
    site.hub.inbox_desk.alerted.open(set())
    await alert(site, monkeypatch)
    site.hub.inbox_desk.settle()
    assert len(site.hub.inbox_desk.rows()) == 1
    site.hub.inbox_desk.alerted.open(set())  # a later hub, which has no such alert any more
    assert not site.hub.inbox_desk.rows()
    site.hub.inbox_desk.close()


def form(site: Site, **changed: str) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for one in site.hub.alerts.rules():
        typed[f"{one.rule.id}-on"] = "1"
        for what, value in (("threshold", one.threshold), ("minutes", one.minutes)):
            if value is not None:
                typed[f"{one.rule.id}-{what}"] = f"{value:g}"
    return {**typed, **{name.replace("_", "-"): value for name, value in changed.items()}}


async def test_rules_are_chosen_on_the_page_all_or_none(site: Site) -> None:
    send = site.client.post
    answer = await send("/settings/alerts", data=form(site, machine_disk_threshold="80", budget_threshold="101"))
    assert answer.status_code == 400
    assert 'value="80"' in answer.text  # what was typed stays
    assert "at most 100" in answer.text
    assert site.hub.alerts.rule("machine-disk").threshold == 90
    typed = form(site, machine_disk_threshold="80,5", tunnel_down_minutes="5")
    del typed["waiting-on"]
    answer = await send("/settings/alerts", data=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/nexus/settings/alerts?said=saved")
    assert site.hub.alerts.rule("machine-disk").threshold == 80.5
    assert site.hub.alerts.rule("tunnel-down").minutes == 5
    assert not site.hub.alerts.rule("waiting").on
    assert site.hub.alerts.rule("budget").on


async def test_rules_are_chosen_by_the_api(site: Site) -> None:
    send = site.client.patch
    rule = (await send("/api/v1/alerts/rules/waiting", json={"threshold": 5})).json()
    assert (rule["threshold"], rule["on"], rule["words"]) == (5, True, "from 5 minutes on")
    assert (await send("/api/v1/alerts/rules/waiting", json={"minutes": 5})).status_code == 400
    assert (await send("/api/v1/alerts/rules/nothing", json={})).status_code == 404
    rules = (await site.client.get("/api/v1/alerts/rules")).json()["items"]
    assert next(one for one in rules if one["id"] == "waiting")["threshold"] == 5

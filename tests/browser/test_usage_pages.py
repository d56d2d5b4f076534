# SPDX-License-Identifier: MIT
"""The pages of usage in Chromium, and the API's figures beside them, against what the model itself says it used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.talk import Talk, begin, eventually, running
from tests.browser.walk import Walk, spills, violations
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider

pytestmark = pytest.mark.anyio

PRICE = {"input": 3, "output": 15}  # dollars a million tokens


def used(prompt: int, said: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}}


STEP: list[dict[str, Any]] = [{"tool": "bash", "args": {"command": "true", "description": "run"}}, used(20_000, 400)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    provider = Provider(tmp_path_factory.mktemp("model") / "said.jsonl")
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, model: Provider) -> Iterator[RealHub]:
    """A hub whose project has a model with a price, and one without."""
    with RealHub(tmp_path_factory.mktemp("priced"), opencode_binary) as hub:
        config = model.config()
        models = config["provider"]["scripted"]["models"]
        models["free"] = {**models["m1"], "name": "Without a price"}
        models["m1"]["cost"] = PRICE
        (hub.project / "opencode.json").write_text(json.dumps(config))
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        running(hub)
        yield hub


def say(talk: Talk, *steps: list[dict[str, Any]], model: str = "scripted/m1") -> int:
    """Send a script; returns the status of the answer."""
    with talk.hub.api() as api:
        body = {"text": "#script " + json.dumps(steps), "model": model}
        return api.post(f"servers/{talk.server}/sessions/{talk.session}/messages", json=body).status_code


def usage(talk: Talk, answers: int) -> dict[str, Any]:
    """What the API tells of a session's usage once it has that many answers."""

    def look() -> dict[str, Any] | None:
        with talk.hub.api() as api:
            told = api.get(f"servers/{talk.server}/sessions/{talk.session}/usage").raise_for_status().json()
        return told if told["used"]["answers"] >= answers else None

    found: dict[str, Any] = eventually(look, f"{answers} answers are counted")
    return found


async def figure(page: Page, name: str) -> str:
    """The figure of that name in the first list of them."""
    pair = page.locator("dl.kv > div", has=page.get_by_text(name, exact=True)).first
    return (await pair.locator("dd").inner_text()).strip()


async def look_at(page: Page, address: str) -> None:
    """Open a page and have axe look at it, at the width that it has."""
    await page.goto(address)
    assert await violations(page) == []
    assert await spills(page) == []


async def test_the_figures_are_those_of_the_model_and_a_budget_stops_the_chat(
    priced: RealHub, model: Provider, walk: Walk
) -> None:
    agent = {"description": "Look", "prompt": "#script " + json.dumps([[{"text": "found."}, used(900, 30)]])}
    talk = begin(priced, "Dear work")
    say(talk, STEP, [{"tool": "task", "args": {**agent, "subagent_type": "general"}}, used(21_000, 100)], [*STEP[1:]])
    dear = usage(talk, 4)
    free = begin(priced, "Without a price <b>x</b>\u202e")
    say(free, [{"text": "Hello."}, used(500, 5)], model="scripted/free")
    assert usage(free, 1)["used"]["cost"] is None
    # what the model said that it used, in its own log
    ends = [line["usage"] for line in model.lines() if line["kind"] == "end"]
    prompts, said = sum(one["prompt_tokens"] for one in ends), sum(one["completion_tokens"] for one in ends)
    with priced.api() as api:
        (today,) = api.get("usage", params={"by": "day"}).raise_for_status().json()["items"]
        chats = api.get("usage", params={"by": "session", "limit": 1}).raise_for_status().json()
        rest = api.get("usage", params={"by": "session", "before": chats["next"]}).raise_for_status().json()
    assert (today["input"], today["output"], today["answers"], today["unpriced"]) == (prompts, said, len(ends), 1)
    assert today["cost"] == pytest.approx(((prompts - 500) * 3 + (said - 5) * 15) / 1e6) == dear["used"]["cost"]
    assert [one["title"] for one in (*chats["items"], *rest["items"])] == [
        "Dear work",
        "Without a price <b>x</b>\u202e",
    ]
    assert dear["context"] == {"tokens": 20_400, "limit": 200_000, "model": "scripted/m1"}
    assert len(dear["sub_agents"]) == 1 and len(dear["answers"]["items"]) == 4

    page = await walk.signed_in(priced.url, 1440, bypass_csp=True)
    await look_at(page, priced.url + "usage")
    assert (await figure(page, "Tokens"), await figure(page, "Cost")) == (
        f"{prompts + said:,}", f"at least ${today['cost']:.2f}",
    )  # fmt: skip
    await expect(page.get_by_role("row", name="scripted/free")).to_contain_text("no price known")
    await expect(page.get_by_role("link", name="Without a price <b>x</b>⟨U+202E⟩")).to_be_visible()
    await page.get_by_role("link", name="30 days").click()
    await expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "page")
    await page.get_by_role("link", name="Dear work").click()
    await expect(page.get_by_role("heading", name="Usage of Dear work")).to_be_visible()
    await expect(page.get_by_text("20,400 of 200,000 tokens (10 %)")).to_be_visible()

    # a budget of its own by the form, on a phone; nonsense is refused with what was typed
    phone = await walk.signed_in(priced.url, 375, "dark", bypass_csp=True)
    await look_at(phone, f"{priced.url}{talk.path}/usage")
    await phone.get_by_label("A budget of its own").check()
    await phone.get_by_label("US dollars").fill("2,50")
    await phone.get_by_role("button", name="Save budget").click()
    await expect(phone.get_by_role("alert")).to_contain_text("Enter an amount in US dollars")
    await expect(phone.get_by_label("US dollars")).to_have_value("2,50")
    assert await violations(phone) == []
    await phone.get_by_label("US dollars").fill(f"{today['cost'] + 0.14:.2f}")
    await phone.get_by_role("button", name="Save budget").click()
    await expect(phone.get_by_role("status").filter(has_text="The budget is saved.")).to_be_visible()

    # a turn is stopped in the middle, and the open chat says why; without that, its fourth step would never end
    await page.goto(priced.url + talk.path)
    say(talk, *[STEP] * 3, [{"text": "begun "}, {"wait": "for ever"}])
    await expect(page.locator(".chat-head")).to_contain_text("Stopped: the budget of $")
    await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert usage(talk, 7)["used"]["answers"] <= 8
    assert say(talk, [{"text": "no"}]) == 409
    await page.locator("textarea[name=text]").fill("Go on.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("A budget is used up, so nothing was sent.")).to_be_visible()
    await expect(page.locator("textarea[name=text]")).to_have_value("Go on.")

    # raised over the API, it goes on
    where = f"servers/{talk.server}/sessions/{talk.session}/budget"
    with priced.api() as api:
        assert api.get(where).json()["state"] == "reached"
        assert api.put(where, json={"usd": -1}).status_code in (400, 422)
        assert api.put(where, json={"usd": 50}).json() == {"usd": 50.0, "tokens": None, "own": True, "state": ""}
    await expect(page.locator(".chat-head")).not_to_contain_text("Stopped")
    assert say(talk, [{"text": "Yes."}]) == 202
    with priced.api() as api:
        assert api.delete(where).status_code == 204
        assert api.get(where).json()["own"] is False
        both = {"day": {"usd": 20, "tokens": None}, "chat": {"usd": None, "tokens": 3_000_000}}
        assert api.put("budgets", json=both).json() == api.get("budgets").json() == both
    await page.goto(priced.url + "usage")
    await expect(page.get_by_label("US dollars").first).to_have_value("20")

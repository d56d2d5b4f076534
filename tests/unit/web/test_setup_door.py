# SPDX-License-Identifier: MIT
"""Who gets into the set-up: the code, the link, a code for a further device, and nobody else."""

import re
from pathlib import Path

from starlette.testclient import TestClient

from tests.unit.web.setup_rig import Rig
from tests.unit.web.setup_walk import PASSWORD, errors, heading, make_owner, reach_owner


def test_strangers_see_nothing_but_the_door(rig: Rig, browser: TestClient, program: Path) -> None:
    for path in ("welcome", "check", "opencode", "opencode/progress", "progress", "project", "owner", "finish"):
        answer = browser.get(f"/setup/{path}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
    answer = browser.post(
        "/setup/owner", data={"username": "eve", "password": PASSWORD, "again": PASSWORD}, follow_redirects=False
    )
    assert answer.headers["location"] == "/setup"
    assert not rig.access.has_owner()
    reach_owner(rig, browser, program)
    make_owner(browser)
    code = rig.wizard.code.issue()
    browser.cookies.clear()  # another browser, even one that has a code, now has to sign in
    answer = browser.get("/setup", follow_redirects=False)
    assert answer.headers["location"] == "/login?next=/setup"
    answer = browser.post("/setup", data={"code": code}, follow_redirects=False)
    assert answer.headers["location"] == "/setup"
    page = browser.post("/login", data={"username": "ada", "password": PASSWORD, "next": "/setup"})
    assert heading(page.text) == "Remote access"


def test_wrong_codes_are_counted(rig: Rig, browser: TestClient) -> None:
    code = rig.wizard.code.issue()
    assert "Type the code" in errors(browser.post("/setup", data={"code": " "}).text)
    for _ in range(5):
        page = browser.post("/setup", data={"code": "AAAA-BBBB-CCCC"})
        assert (page.status_code, "That is not the set-up code." in errors(page.text)) == (403, True)
    assert browser.post("/setup", data={"code": "AAAA-BBBB-CCCC"}).status_code == 429
    assert heading(browser.post("/setup", data={"code": code}).text) == "Welcome"


def test_an_image_on_another_site_locks_nobody_out(rig: Rig, browser: TestClient) -> None:
    code = rig.wizard.code.issue()
    for name in ("link", "code"):
        for number in range(10):
            page = browser.get("/setup", params={name: f"AAAA-BBBB-{number}"})
            assert heading(page.text) == "Set-up code"
    assert heading(browser.post("/setup", data={"code": code}).text) == "Welcome"


def test_the_link_that_the_command_opens_is_good_once(rig: Rig, browser: TestClient) -> None:
    code, link = rig.wizard.code.issue(), rig.wizard.code.link()
    assert heading(browser.get("/setup", params={"link": link}).text) == "Welcome"
    assert heading(browser.get("/setup", params={"link": link}).text) == "Welcome"  # the cookie lets it in
    browser.cookies.clear()
    page = browser.get("/setup", params={"link": link})
    assert (page.status_code, heading(page.text)) == (403, "Set-up code")
    assert "This link was used already" in errors(page.text)
    page = browser.post("/setup", data={"code": code})
    assert (page.status_code, "used in another browser" in errors(page.text)) == (403, True)
    page = browser.post("/setup", data={"code": rig.wizard.code.issue()})  # as the next start prints one
    assert heading(page.text) == "Welcome"


def test_a_browser_that_a_file_sent_is_led_on_by_a_page_of_ours(rig: Rig, browser: TestClient) -> None:
    link, headers = rig.wizard.code.link(), {"Sec-Fetch-Site": "cross-site"}
    page = browser.get("/setup", params={"link": link}, headers=headers, follow_redirects=False)
    assert (page.status_code, page.headers["refresh"]) == (200, "0; url=/setup/welcome")  # a redirect loses the cookie
    assert 'href="/setup/welcome"' in page.text and "samesite=strict" in page.headers["set-cookie"].lower()


def test_it_goes_on_where_it_was_on_another_device_and_after_a_restart(rig: Rig, program: Path) -> None:
    with rig.browser() as browser:
        reach_owner(rig, browser, program)
        cookies = dict(browser.cookies)
    with rig.browser() as browser:
        browser.cookies.update(cookies)
        assert heading(browser.get("/setup").text) == "Owner account"
        assert f'value="{rig.folder / "project"}"' in browser.get("/setup/project").text
        browser.cookies.clear()
        page = browser.post("/setup", data={"code": rig.wizard.code.issue()})
        assert heading(page.text) == "Owner account"


def shown_code(html: str) -> str:
    found = re.search(r"<code[^>]*>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</code>", html)
    assert found, html
    return found[1]


def test_a_browser_that_is_in_shows_a_code_for_a_further_device(rig: Rig, browser: TestClient, program: Path) -> None:
    reach_owner(rig, browser, program)
    assert 'href="/setup/welcome#device"' in browser.get("/setup").text
    code = shown_code(browser.get("/setup/welcome").text)
    first = dict(browser.cookies)
    browser.cookies.clear()
    assert heading(browser.post("/setup", data={"code": code}).text) == "Owner account"
    second = dict(browser.cookies)
    for cookies in (first, second):  # both go on
        browser.cookies.clear()
        browser.cookies.update(cookies)
        assert heading(browser.get("/setup/project").text) == "Project folder"
    browser.cookies.clear()
    page = browser.post("/setup", data={"code": code})
    assert (page.status_code, "used in another browser" in errors(page.text)) == (403, True)
    browser.cookies.update(second)
    make_owner(browser)
    page = browser.get("/setup/welcome")
    assert "sign in as ada" in page.text
    assert "<code" not in page.text
    browser.cookies.clear()
    browser.post("/login", data={"username": "ada", "password": PASSWORD})
    assert heading(browser.get("/setup").text) == "Remote access"

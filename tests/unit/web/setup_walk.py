# SPDX-License-Identifier: MIT
"""Going through the set-up with plain forms, and reading its pages."""

import re
from html import unescape
from pathlib import Path

from starlette.testclient import TestClient

from tests.unit.web.setup_rig import Rig

PASSWORD = "Correct7horse"


def heading(html: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    assert found, html
    return unescape(found[1]).strip()


def errors(html: str) -> str:
    found = re.search(r'<div class="errors".*?</div>', html, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>|\s+", " ", found[0])) if found else ""


def enter(rig: Rig, browser: TestClient) -> None:
    """Give the code."""
    page = browser.post("/setup", data={"code": rig.wizard.code.issue()})
    assert heading(page.text) == "Welcome"


def reach_owner(rig: Rig, browser: TestClient, program: Path) -> None:
    """Go as far as the owner account."""
    enter(rig, browser)
    browser.post("/setup/welcome")
    browser.post("/setup/check")
    browser.post("/setup/opencode", data={"choice": "path", "path": str(program)})
    page = browser.post("/setup/project", data={"project": str(rig.folder / "project")})
    assert heading(page.text) == "Owner account"


def make_owner(browser: TestClient) -> None:
    page = browser.post("/setup/owner", data={"username": "ada", "password": PASSWORD, "again": PASSWORD})
    assert heading(page.text) == "Remote access"

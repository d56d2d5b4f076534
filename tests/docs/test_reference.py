# SPDX-License-Identifier: MIT
"""The docs say what the code does."""

import re
from pathlib import Path

import pytest

from opencode_nexus.core.errors import all_errors
from opencode_nexus.core.settings import SETTINGS
from opencode_nexus.observe.metrics import METRICS, PREFIX
from scripts import reference

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return reference.pages()


@pytest.mark.parametrize(
    "name",
    ["settings.md", "metrics.md", "events.md", "commands.md", "errors.md", "api.md", "keyboard.md", "actions.md"],
)
def test_reference_is_what_the_code_says(made: dict[str, str], name: str) -> None:
    assert (reference.REFERENCE / name).read_text() == made[name], "run scripts/docs"


def headings(name: str) -> set[str]:
    text = (reference.REFERENCE / name).read_text()
    return {line.lstrip("# ") for line in text.splitlines() if line.startswith("##")}


def test_every_setting_has_a_heading() -> None:
    assert {setting.name for setting in SETTINGS} <= headings("settings.md")


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    asked = set(re.findall(PREFIX + r"\w+", (ROOT / "examples/grafana-dashboard.json").read_text()))
    assert asked
    assert asked <= {metric.full_name for metric in METRICS}


def test_every_error_code_has_a_heading(made: dict[str, str]) -> None:
    del made  # making the pages has loaded every module, and with it every error
    assert {error.code for error in all_errors()} <= headings("errors.md")


def test_no_name_of_a_module_stands_in_the_api(made: dict[str, str]) -> None:
    assert "__" not in made["api.md"], "two models of one name: the library tells them apart by their modules"


def test_commands_of_the_contract_are_there() -> None:
    there = headings("commands.md")
    for command in ("serve", "setup", "status", "server list", "server add", "token create", "user passwd"):
        assert f"opencode-nexus {command}" in there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [match[1] for match in LINK.finditer(page.read_text()) if "://" not in match[1]]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        queue += [page.parent / match[1] for match in LINK.finditer(page.read_text()) if "://" not in match[1]]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []

# SPDX-License-Identifier: MIT
"""CLI and API do all that the pages do: each page action is in the table, and what the table names is there."""

from collections.abc import Iterator

import pytest
import typer.main
from starlette.routing import Route

from opencode_nexus.cli.commands import app
from opencode_nexus.web.api.application import application
from opencode_nexus.web.routes import routes
from opencode_nexus.web.static import StaticFiles
from scripts.actions import ACTIONS, Action
from scripts.reference import commands

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
BY_PAGE = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.page)


def forms() -> Iterator[str]:
    """Where the pages' forms and scripts go with what changes something."""
    for route in routes(StaticFiles()):
        if isinstance(route, Route) and WRITES & (route.methods or set()):
            yield route.path


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every command, by its words."""
    return {words.strip() for words, _ in commands(typer.main.get_command(app), "")}


@pytest.fixture(scope="module")
def offered() -> set[str]:
    """Every operation of the API, method first."""
    paths = application().openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_action_of_a_page_is_in_the_table_once() -> None:
    found, told = set(forms()), [action.page for action in ACTIONS]
    assert len(found) > 100
    assert sorted(found - set(told)) == [], "put them into scripts/actions.py"
    assert sorted(set(told) - found) == [], "no page does that any more"
    assert len(set(told)) == len(told)


@BY_PAGE
def test_it_has_a_route_and_a_command_that_exist_or_says_why_not(
    action: Action, offered: set[str], named: set[str]
) -> None:
    assert action.what
    assert set(action.routes) <= offered
    assert set(action.commands) <= named
    assert action.why or (action.route and action.command)

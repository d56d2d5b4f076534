# SPDX-License-Identifier: MIT
"""Which features a server's own document lacks; and every route that we ask for belongs to one."""

import re
from pathlib import Path

import opencode_nexus
from opencode_nexus.opencode.features import BASE, FEATURES, missing

ROUTES = {route for routes in FEATURES.values() for route in routes}
# asked before anything else, of a server that may be none
BEFORE = {"GET /global/health", "GET /doc", "GET /path"}


def document(*left_out: str) -> dict[str, object]:
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES - set(left_out):
        method, _, path = route.partition(" ")
        paths.setdefault(path.replace("{}", "{sessionID}"), {})[method.lower()] = {}
    return {"openapi": "3.1.0", "paths": paths}


def test_a_whole_document_lacks_nothing() -> None:
    assert missing(document()) == ()


def test_what_has_not_all_its_routes_is_named() -> None:
    assert missing(document("POST /session/{}/fork", "GET /session/{}/todo")) == ("plans", "forks")


def test_no_document_lacks_everything() -> None:
    nothing: list[object] = [{}, [], None, {"paths": []}, {"paths": {"/session": None}}]
    for none in nothing:
        assert missing(none) == tuple(FEATURES)
    assert missing({})[0] == BASE


def test_every_route_that_is_asked_for_belongs_to_a_feature() -> None:
    """Read from the source: whoever adds a question to OpenCode adds it to the table."""
    package = Path(opencode_nexus.__file__).parent
    asked = set[str]()
    for folder in ("opencode", "chat"):
        for file in (package / folder).rglob("*.py"):
            text = file.read_text()
            for method, path in re.findall(r'"(GET|POST|PUT|PATCH|DELETE)", f?"(/[^"?]*)', text):
                asked.add(f"{method} {re.sub(r'{[^}]*}', '{}', path)}")
    assert len(asked) > 25
    found = {route for route in asked if not route.endswith("/")}  # a path that is put together says less
    assert found - BEFORE <= ROUTES, found - BEFORE - ROUTES

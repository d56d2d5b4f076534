# SPDX-License-Identifier: MIT
"""A part of the API answers an address as the whole does."""

import importlib

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from opencode_nexus.web.api.shares import MODULES, share

ROUTES = [
    (name, route)
    for name in MODULES
    for router in [importlib.import_module(f"opencode_nexus.web.api.{name}").router]
    if isinstance(router, APIRouter)
    for route in router.routes
    if isinstance(route, APIRoute)
]


@pytest.mark.parametrize("path", sorted({route.path for _, route in ROUTES}))
def test_all_that_could_answer_an_address_is_in_its_share_in_the_same_order(path: str) -> None:
    chosen = share(path.replace("{server_id}", "srv_1"))
    assert chosen == tuple(name for name in MODULES if name in chosen)
    assert len(chosen) < len(MODULES), "an address that loads all of the API"
    address = path.replace("{", "").replace("}", "")  # each parameter's name stands for its value
    assert share(address) == chosen
    assert {name for name, route in ROUTES if route.path_regex.match(address)} <= set(chosen)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/openapi.json", "/servers/srv_1/nothing"])
def test_what_is_no_address_of_ours_and_the_document_are_the_whole(path: str) -> None:
    assert share(path) == MODULES

# SPDX-License-Identifier: MIT
"""The API keeps what its own document says: requests made from the document, right and wrong, to a real hub.

`make soak` makes twenty times as many (NEXUS_TEST_REQUESTS).
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.fakes.hub import RealHub

REQUESTS = int(os.environ.get("NEXUS_TEST_REQUESTS", "2"))  # right ones, and as many wrong ones, for each operation
LEFT_OUT = [
    "/events", "/logs/tail",  # stream until the reader goes; tests of their own read them
    "/setup/bring", "/cloudflared/bring", "/cloudflared/account",  # go out into the world
]  # fmt: skip

NOT_HERE = [
    positive_data_acceptance,  # what fits its type may still be no folder, no place in the list: 400, which says so
    ignored_auth,  # takes its own right token for a wrong one; test_closed asks every address without a login
]


@pytest.mark.timeout(600)
def test_it_does_what_its_document_says(hub: RealHub) -> None:
    with hub.api() as api:
        document = schemathesis.openapi.from_dict(api.get("/openapi.json").json())
    document.config.update(base_url=f"{hub.url}api/v1", headers={"authorization": f"Bearer {hub.token}"})
    wrong: list[str] = []
    asked = 0
    for found in document.exclude(path=LEFT_OUT).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue  # nothing that could be wrong: any text is a name in the path

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=REQUESTS, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate(timeout=60, excluded_checks=NOT_HERE)

            try:
                ask()
            except (Exception, BaseExceptionGroup) as error:  # all that is wrong at once, not the first alone
                wrong.append(f"{operation.label}, {mode.name}: {error}")
    assert asked > 150
    assert not wrong, "\n\n".join(wrong)

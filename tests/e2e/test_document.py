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
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.fakes.hub import RealHub

REQUESTS = int(os.environ.get("NEXUS_TEST_REQUESTS", "2"))  # right ones, and as many wrong ones, for each operation
ENDLESS = "/events"  # streams until the reader goes; test_api_road reads it


@pytest.mark.timeout(600)
def test_it_does_what_its_document_says(hub: RealHub) -> None:
    bearer = {"authorization": f"Bearer {hub.token}"}
    with hub.api() as api:
        document = schemathesis.openapi.from_dict(api.get("/openapi.json").json())
    document.config.update(base_url=f"{hub.url}api/v1")
    wrong: list[str] = []
    asked = 0
    for found in document.exclude(path=ENDLESS).get_all_operations():
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
                # a value that fits its type may still be no folder, no place in the list: 400, which says so
                case.call_and_validate(headers=bearer, timeout=60, excluded_checks=[positive_data_acceptance])

            try:
                ask()
            except (Exception, BaseExceptionGroup) as error:  # all that is wrong at once, not the first alone
                wrong.append(f"{operation.label}, {mode.name}: {error}")
    assert asked > 150
    assert not wrong, "\n\n".join(wrong)

# SPDX-License-Identifier: MIT
import logging
from collections.abc import Iterator

import pytest

from opencode_nexus.secrets.redact import Secret
from tests.fakes.cloudflare_api import CloudflareApi
from tests.unit.tunnels.cloud_world import World


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """Every log line down to the HTTP library's own is captured, and so searched for the tokens."""
    caplog.set_level(logging.DEBUG)
    with CloudflareApi() as api:
        account = api.account("Ada's account")
        zone = api.zone("example.com", account)
        yield World(api, account, zone, Secret(api.token()), [], [])

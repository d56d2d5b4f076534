# SPDX-License-Identifier: MIT
"""A tunnel made through Cloudflare's API, run by the genuine cloudflared, and removed without a trace."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.providers.cloudflare.account import Account
from opencode_nexus.tunnels.providers.cloudflare.errors import RecordTaken
from opencode_nexus.tunnels.providers.cloudflare.steps import Step
from tests.edge.edge import Edge
from tests.edge.origin import Origin
from tests.edge.tunnel import Tunnel
from tests.fakes.cloudflare_api import JSON, CloudflareApi, Token
from tests.leaks import remember
from tests.tunnels.ground import Ground

pytestmark = pytest.mark.anyio

HOST = "code.example.com"


class EdgeApi(CloudflareApi):
    """The double of the API, of which the edge hears: what is made here is really there."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self._edge = edge
        self._there: dict[str, Tunnel] = {}

    def tunnel(self, account: str, name: str) -> JSON:
        made, there = super().tunnel(account, name), self._edge.add_tunnel(service="http_status:404")
        there.account = account
        del self.tunnels[made["id"]]
        made |= {"id": str(there.id), "token": remember(there.token), "credentials_file": there.credentials}
        self.tunnels[made["id"]], self._there[made["id"]] = made, there
        return made

    def _configure(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        done = super()._configure(token, account, tunnel, query, body)
        self._there[tunnel].hostnames = [body["config"]["ingress"][0]["hostname"]]
        self._edge.configure(self._there[tunnel], body["config"]["ingress"][0]["service"])
        return done

    def _delete_tunnel(self, token: Token, account: str, tunnel: str, query: JSON, body: JSON) -> JSON:
        done = super()._delete_tunnel(token, account, tunnel, query, body)
        self._edge.forget(self._there[tunnel])
        return done


@pytest.fixture
async def place(edge: Edge, cloudflared: Path, tmp_path: Path) -> AsyncIterator[tuple[Ground, EdgeApi]]:
    with EdgeApi(edge) as api, Origin() as origin:
        ground = Ground(tmp_path, cloudflared, edge, origin)
        ground.account = Account(api.base, pause=0.0)
        await ground.open()
        yield ground, api
        await ground.close()
        assert ground.carriers() == []


def chosen(api: EdgeApi) -> tuple[dict[str, Any], str]:
    """What the page's form gives: the place at Cloudflare, and the API token."""
    account = api.account("Ada's account")
    token = api.token()
    where = {"kind": "api", "hostname": HOST, "account": account, "zone": api.zone("example.com", account)}
    return {**where, "secret": Secret(token)}, token


async def test_it_is_made_runs_and_goes_without_a_trace(place: tuple[Ground, EdgeApi], protocol: str) -> None:
    ground, api = place
    config, token = chosen(api)
    tunnel_id = await ground.add(protocol=protocol, **config)
    steps = [data for topic, data in ground.topics if topic == "tunnel-step"]
    assert [step.name for step in steps if isinstance(step, Step) and step.state == "done"] == [
        "check", "tunnel", "ingress", "dns", "token",
    ]  # fmt: skip
    (made,) = api.living
    await ground.manager.start_tunnel(tunnel_id)
    status = await ground.until_state(tunnel_id, "ready")
    assert status.url == f"https://{HOST}"
    await ground.until_visit(status.url, 200)

    files = [path for path in ground.root.rglob("*") if path.is_file() and path.stat().st_size]
    assert files
    for path in files:
        for secret in (token, str(made["token"])):
            assert secret.encode() not in path.read_bytes(), path

    await ground.manager.remove_tunnel(tunnel_id)
    assert (api.living, api.records) == ([], {})
    assert await ground.visit(status.url) == 530
    assert ground.manager.list() == []


async def test_one_that_cannot_be_made_is_not_there(place: tuple[Ground, EdgeApi]) -> None:
    ground, api = place
    config, _ = chosen(api)
    record = api.record(config["zone"], "A", HOST, "192.0.2.1")
    with pytest.raises(RecordTaken):
        await ground.add(**config)
    assert (api.living, list(api.records.values())) == ([], [record])
    assert ground.manager.list() == []
    assert ground.vault.names() == [], "no token is kept"

# SPDX-License-Identifier: MIT
"""Step 5 of the set-up with the genuine cloudflared: what was chosen is open once the set-up is finished."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.browser.talk import eventually
from tests.browser.wizard import setup_code
from tests.edge.edge import Edge
from tests.edge.visitor import visitor
from tests.fakes.hub import OWNER, PASSWORD, RealHub
from tests.fakes.tiny_hub import TinyHub
from tests.leaks import remember
from tests.tunnels.conftest import to_the_edge

pytestmark = pytest.mark.timeout(300)
NAME = "home.example.com"


def set_up(hub: RealHub, choose: Callable[[str], dict[str, str]]) -> None:
    """Walk the set-up with plain forms; `choose` makes of the fifth step's page what is sent from it."""
    with httpx2.Client(base_url=hub.url, follow_redirects=True, trust_env=False, timeout=60, verify=False) as browser:

        def send(path: str, /, **form: str) -> str:
            answer = browser.post(path, data=form)
            assert answer.is_success, f"{path}: {answer.text}"
            return answer.text

        send("setup", code=setup_code(hub))
        send("setup/welcome")
        send("setup/check")
        send("setup/opencode", choice="path", path=str(hub.opencode))
        send("setup/project", project=str(hub.project))
        page = send("setup/owner", username=OWNER, password=PASSWORD, again=PASSWORD)
        send("setup/remote", **choose(page))
        send("setup/finish")


def ready(hub: RealHub) -> dict[str, Any]:
    """The only tunnel, once it is open."""
    hub.make_token()

    def look() -> dict[str, Any] | None:
        with hub.api() as api:
            (tunnel,) = api.get("tunnels").raise_for_status().json()["items"]
            return tunnel if tunnel["state"] == "ready" else None

    found = eventually(look, "the tunnel is open")
    assert isinstance(found, dict)
    return found


def test_a_quick_tunnel(tmp_path: Path, opencode_binary: Path, edge: Edge, cloudflared: Path) -> None:
    with TinyHub(tmp_path, opencode_binary, **to_the_edge(edge, cloudflared)) as hub:
        hub.start()
        set_up(hub, lambda page: {"remote": "quick"})
        tunnel = ready(hub)
        assert (tunnel["kind"], tunnel["autostart"], tunnel["stop_idle"]) == ("quick", False, 8 * 3600)
        with visitor(edge, tunnel["url"]) as stranger:
            assert stranger.get("/login").status_code == 200
            assert stranger.get("/setup").status_code == 403
        hub.stop()


def test_a_named_tunnel_is_there_again_after_a_restart(
    tmp_path: Path, opencode_binary: Path, edge: Edge, cloudflared: Path
) -> None:
    def choose(page: str) -> dict[str, str]:
        found = re.search(r"http://127\.0\.0\.1:\d+", page.partition("<main")[2])
        assert found, page
        return {"remote": "token", "token": remember(edge.add_tunnel(NAME, service=found[0]).token)}

    with TinyHub(tmp_path, opencode_binary, **to_the_edge(edge, cloudflared)) as hub:
        hub.start()
        set_up(hub, choose)
        first = ready(hub)
        assert (first["url"], first["autostart"]) == (f"https://{NAME}", True)
        hub.stop()
        hub.start()
        again = ready(hub)
        assert (again["id"], again["url"]) == (first["id"], first["url"])
        assert again["pid"] != first["pid"]
        hub.stop()

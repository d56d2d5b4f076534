# SPDX-License-Identifier: MIT
"""Attaching by page form, command and API on a real hub: an OpenCode that somebody else started."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fakes.hub import OWNER, PASSWORD
from tests.fakes.real import OpenCode, Provider
from tests.fakes.tiny_hub import TinyHub


@pytest.fixture
def far(tmp_path: Path, opencode_binary: Path) -> Iterator[OpenCode]:
    provider = Provider(tmp_path / "said.jsonl")
    server = OpenCode(opencode_binary, tmp_path / "far", provider.config())
    server.start()
    yield server
    server.kill()
    provider.close()


def test_found_attached_changed_and_removed(tmp_path: Path, opencode_binary: Path, far: OpenCode) -> None:
    root = tmp_path / "hub"
    root.mkdir()
    with TinyHub(root, opencode_binary) as hub:
        assert hub.set_up().returncode == 0
        hub.start()
        hub.make_token()
        secret = root / "far"
        secret.write_text("wrong\n")
        words = ("server", "attach", far.base_url, "--name", "Far", "--password-file", str(secret))
        done = hub.command(*words)
        assert (done.returncode, "refused the password" in done.stderr) == (1, True), done.stderr
        assert far.base_url in hub.command("server", "found").stdout
        done = hub.command("server", "attach", hub.url)
        assert (done.returncode, "is this hub" in done.stderr) == (1, True), done.stderr
        secret.write_text(far.password + "\n")
        done = hub.command(*words)
        assert (done.returncode, done.stdout) == (0, f"Server Far is attached ({far.base_url}, OpenCode 1.18.33).\n")
        assert far.base_url not in hub.command("server", "found").stdout
        done = hub.command("server", "reattach", "Far", "--address", "http://127.0.0.1:1")
        assert (done.returncode, "Nothing answers" in done.stderr) == (1, True), done.stderr
        with hub.api() as api:
            (server,) = [one for one in api.get("/servers").json()["items"] if one["kind"] == "attached"]
            assert (server["state"], server["address"], server["pid"]) == ("running", far.base_url, None)
            assert api.post(f"/servers/{server['id']}/restart").status_code == 409
            assert api.put(f"/servers/{server['id']}/address", json={"password": far.password}).status_code == 200
            assert api.get(f"/servers/{server['id']}/interrupted").json()["items"] == []
            found = httpx2.get(f"{hub.url}metrics", headers=api.headers, trust_env=False)
            assert f'opencode_nexus_server_up{{server="Far",server_id="{server["id"]}"}} 1.0' in found.text
            assert api.get("/alerts").json()["items"] == []
            assert api.delete(f"/servers/{server['id']}").status_code == 204
        assert "alerts failed" not in (hub.home / "logs" / "hub.log").read_text()
        _by_page(hub, far)
        assert hub.stop() == 0
    assert far.call("/global/health")["healthy"] is True


def _by_page(hub: TinyHub, far: OpenCode) -> None:
    origin = hub.url.rstrip("/")
    with httpx2.Client(base_url=origin, headers={"origin": origin}, trust_env=False, timeout=60) as browser:
        assert browser.post("/login", data={"username": OWNER, "password": PASSWORD}).status_code == 303
        page = browser.get("/servers/attach").text
        assert far.base_url in page and "asks for a password" in page
        refused = browser.post("/servers/attach", data={"address": far.base_url, "password": "wrong"})
        assert (refused.status_code, "refused the password" in refused.text, "wrong" in refused.text) == (
            422,
            True,
            False,
        )
        added = browser.post(
            "/servers/attach", data={"address": far.base_url, "password": far.password, "name": "By page"}
        )
        assert added.status_code == 303
        shown = browser.get(added.headers["location"]).text
        assert "By page" in shown and far.base_url in shown and "Let go" in shown and far.password not in shown
        place = added.headers["location"] + "/address"
        assert far.base_url in browser.get(place).text
        assert browser.post(place, data={"address": far.base_url}).status_code == 303

# SPDX-License-Identifier: MIT
"""axe and pictures of the pages when no server runs: one is stopped, one failed, and then there is none."""

from pathlib import Path

import pytest

from tests.browser.looks import Looks
from tests.browser.talk import first_server
from tests.browser.walk import Walk
from tests.fakes import tiny_program
from tests.fakes.hub import RealHub

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not tiny_program.available(), reason="no tiny program for this system"),
]


async def test_axe_and_pictures_of_pages_without_a_running_server(tmp_path: Path, walk: Walk) -> None:
    program = tmp_path / "opencode"  # says its version and ends, so that as a server it fails
    program.write_bytes(tiny_program.program())
    program.chmod(0o755)
    with RealHub(tmp_path, program) as hub:
        done = hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        hub.start()
        hub.make_token()
        failed = first_server(hub)["id"]
        with hub.api() as api:
            told = {"name": "Kept for later", "projects": [str(hub.project)], "autostart": False}
            stopped = api.post("servers", json=told).raise_for_status().json()["id"]
            api.post(f"servers/{failed}/stop").raise_for_status()  # it is not tried again by itself from here on
            assert api.post(f"servers/{failed}/start").json()["code"] == "start-failed"
            assert api.get(f"servers/{failed}").json()["retry_at"] is None
            page = await walk.signed_in(hub.url, bypass_csp=True)
            look = Looks(page)
            for name, path in {
                "dashboard-still": "",
                "server-failed": f"servers/{failed}",
                "chat-none-runs": "chat",
                "chat-failed": f"chat/{failed}",
                "chat-stopped": f"chat/{stopped}",
            }.items():
                await page.goto(hub.url + path)
                await look(name)
            assert (await page.inner_text("h1")) == "Kept for later is not running"
            for server in (failed, stopped):
                api.delete(f"servers/{server}").raise_for_status()
        for name, path in {"dashboard-no-server": "", "chat-no-server": "chat"}.items():
            await page.goto(hub.url + path)
            await page.get_by_text("No server yet").first.wait_for()
            await look(name)
        assert not look.found, "\n".join(look.found)

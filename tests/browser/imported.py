# SPDX-License-Identifier: MIT
"""A chat as long as is wanted in a hub's OpenCode, brought by OpenCode's own import."""

import json
import subprocess

from bench.long_session import LongSession
from tests.browser.talk import Talk, running
from tests.fakes.hub import RealHub


def imported(hub: RealHub, count: int) -> tuple[Talk, LongSession]:
    """Import a chat of `count` messages; returns it, and what it was made from."""
    server = running(hub)["id"]
    with hub.api() as api:  # so that OpenCode knows the project
        api.post(f"servers/{server}/sessions", json={"title": "First"}).raise_for_status()
    made = LongSession(count, str(hub.project), "global", "1.18.33")
    file = hub.root / f"long{count}.json"
    file.write_text(json.dumps(made.export()))
    done = subprocess.run(
        [str(hub.opencode), "import", str(file)],
        cwd=hub.project, env=hub.environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return Talk(hub, server, made.id), made

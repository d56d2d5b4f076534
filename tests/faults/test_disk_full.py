# SPDX-License-Identifier: MIT
"""The disk of the home folder is full: told, nothing is left running or lost, and all goes on when there is room again.

The home folder lies on a small tmpfs of its own where mounting is allowed.
"""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.talk import eventually
from tests.fakes.hub import RealHub

SIZE, SMALL = "3g", "48m"  # the set-up refuses a disk with less than 2 GB; nothing is taken until it is written


@pytest.fixture
def hub(tmp_path: Path, opencode_binary: Path) -> Iterator[RealHub]:
    """A hub whose home folder is a disk of 48 MB."""
    place = tmp_path / "hub" / "nexus"
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk of one's own: {mounted.stderr.decode().strip()}")
    try:
        with RealHub(tmp_path / "hub", opencode_binary) as hub:
            done = hub.set_up("--practice")
            assert done.returncode == 0, done.stdout + done.stderr
            subprocess.run(["mount", "-o", f"remount,size={SMALL}", str(place)], check=True)
            yield hub
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing goes any more; returns the file to remove."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return path


def test_a_full_disk(hub: RealHub) -> None:
    hub.start()
    hub.make_token()
    with hub.api() as api:

        def server() -> dict[str, object]:
            (found,) = api.get("/servers").json()["items"]
            return dict(found)

        eventually(lambda: server()["state"] == "running", "it runs")
        path = f"/servers/{server()['id']}"
        before = api.get("/backups").json()["items"]
        filler = fill(hub.home)

        # what cannot be written is told, and the hub goes on answering
        refused = api.post("/backups", json={})
        assert refused.status_code == 500
        assert refused.json()["code"] == "backup-unwritable"
        assert "No space left on device" in refused.json()["detail"]
        assert api.get("/backups").json()["items"] == before
        assert not [left.name for left in hub.home.rglob("*.new")]
        assert api.post(path + "/stop").status_code == 200
        assert server()["state"] == "stopped"
        failed = api.post(path + "/start")
        assert failed.status_code >= 500
        assert "hint" in failed.json()
        told = server()
        assert told["state"] == "failed"
        assert any(word in str(told["reason"]).lower() for word in ("space", "full")), told["reason"]
        assert [one for one in hub.children() if "opencode" in one.name()] == []
        assert api.get("/status").status_code == 200

        # with room again all is as before
        filler.unlink()
        assert api.post(path + "/start").json()["state"] == "running"
        assert api.post("/backups", json={}).status_code == 201

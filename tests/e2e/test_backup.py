# SPDX-License-Identifier: MIT
"""Backup → another, empty home → restore, by command, with a real hub and a real OpenCode: all that counts is equal."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2

from opencode_nexus.secrets.sealed_file import SealedFile
from tests.e2e.road import Road, ok
from tests.fakes.hub import RealHub
from tests.leaks import remember

PASSPHRASE = remember("correct horse backup")
RUNS = {"server_runs", "tunnel_runs"}  # of this machine and this run alone
GOES_ON = {"activity", "tokens", "kv", "samples", "sqlite_sequence"}  # the hub writes them while all else is still


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table with its rows."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted((tuple(row) for row in connection.execute(f"SELECT * FROM {name}")), key=repr)
            for name in names
        }


def furnish(road: Road, hub: RealHub) -> None:
    """Something in each part: a turn that is in the inbox and is found again, a draft, a tunnel, an audit line."""
    server = road.until(road.server, lambda found: found["state"] == "running")
    session = road.new_session("Kept for good")
    road.say(session, '#script [[{"text": "something to be found again"}]]')
    road.until_idle(session)
    road.until(lambda: ok(road.api.get("/inbox"))["items"], bool)  # the turn that ended while nobody looked
    ok(road.api.post("/tunnels", json={"name": "phone", "kind": "quick"}), 201)
    ok(road.api.post("/tokens", json={"name": "another"}), 201)
    bearer = {"authorization": f"Bearer {hub.token}", "accept": "application/json"}
    with httpx2.Client(base_url=hub.url, headers=bearer, trust_env=False) as page:
        draft = {"text": "half a thought", "version": "0"}
        ok(page.post(f"chat/{server['id']}/{session}/draft", data=draft))


def test_a_token_that_may_read_gets_no_backup(hub: RealHub) -> None:
    name = hub.command("backup", "create", "--json").stdout
    path = f"{hub.url}api/v1/backups/{json.loads(name)['path'].rpartition('/')[2]}"
    told = hub.command("token", "create", "--name", "reads", "--scope", "read", "--json").stdout
    reads = remember(json.loads(told)["token"])
    asked = [
        httpx2.get(path, headers={"authorization": f"Bearer {one}"}, trust_env=False) for one in (reads, hub.token)
    ]
    assert [one.status_code for one in asked] == [403, 200]


def test_wipe_and_restore(road: Road, hub: RealHub, tmp_path: Path, opencode_binary: Path) -> None:
    furnish(road, hub)
    secret, file = tmp_path / "passphrase", tmp_path / "one.backup"
    secret.write_text(PASSPHRASE + "\n")
    sealed = "--passphrase-file", str(secret)
    SealedFile(hub.home / "secrets").set("tunnel-token:tun_1", remember("a-token-to-take-along"))
    done = hub.command("backup", "create", str(file), *sealed)
    assert done.returncode == 0, done.stderr
    refused = hub.command("backup", "restore", str(file), *sealed)
    assert (refused.returncode, "into an empty home folder only" in refused.stderr) == (1, True)

    with RealHub(tmp_path / "elsewhere", opencode_binary) as other:
        assert "It is whole" in other.command("backup", "verify", str(file), *sealed).stdout
        whole, damaged = file.read_bytes(), tmp_path / "damaged.backup"
        damaged.write_bytes(whole[:5000] + bytes([whole[5000] ^ 4]) + whole[5001:])
        done = other.command("backup", "restore", str(damaged), *sealed)
        assert (done.returncode, "not a whole backup" in done.stderr, other.home.exists()) == (1, True, False)
        done = other.command("backup", "restore", str(file), *sealed)
        assert done.returncode == 0, done.stderr

        before, after = dump(hub.home / "nexus.db"), dump(other.home / "nexus.db")
        assert {name for name in before if before[name] != after[name]} <= RUNS | GOES_ON
        assert all(after[name] == [] for name in RUNS)
        for name in ("users", "servers", "tunnels", "draft", "inbox", "audit", "usage"):
            assert after[name], f"nothing in {name}: the test shows nothing of it"
        assert dump(other.home / "search.db") == dump(hub.home / "search.db")
        assert SealedFile(other.home / "secrets").get("tunnel-token:tun_1") == "a-token-to-take-along"

        hub.stop()  # the other takes its place: it must not take the server of this one for its own
        other.start()
        other.token = hub.token
        with other.api() as api:
            (server,) = ok(api.get("/servers"))["items"]
            assert (server["id"], server["adopted"]) == (road.server_id, False)
            hits = ok(api.get("/search", params={"q": "found again"}))["items"]
            assert {one["title"] for one in hits} == {"Kept for good"}

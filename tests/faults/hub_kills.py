# SPDX-License-Identifier: MIT
"""kill -9 of the hub while it starts, stops and restarts servers: its next start tells what the machine has.

A round begins an order to some of the servers, strikes at a seeded moment, counts processes without the code under
test, starts the hub again, and compares. As a program (`make soak`) it plays many rounds: --help. Resumable: what has
passed is kept in hub_kills.json beside this file.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.fakes import tiny_opencode
from tests.fakes.real import find_opencode
from tests.fakes.tiny_hub import TinyHub
from tests.faults.stage import until

KEPT = Path(__file__).with_name("hub_kills.json")
SERVERS = 4  # two of them start with the hub
LATEST = 1.5  # seconds after the order; a start of the stand-in takes some 0.3 s, two at once
ORDERS = ("start", "stop", "restart")


class Ground:
    """A hub with some servers of the stand-in OpenCode, which starts at once."""

    def __init__(self, root: Path, opencode: Path) -> None:
        self.hub = TinyHub(root, opencode)
        self.ids: list[str] = []

    def open(self) -> None:
        """Set it up, and add the servers."""
        done = self.hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        self.hub.start()
        self.hub.make_token()
        with self.hub.api() as api:
            for number in range(1, SERVERS):
                folder = self.hub.root / f"project{number}"
                folder.mkdir()
                body = {"name": f"Server {number}", "projects": [str(folder)], "autostart": number % 2 == 0}
                assert api.post("/servers", json=body).status_code == 201
            self.ids = [server["id"] for server in api.get("/servers").json()["items"]]
        assert len(self.ids) == SERVERS

    def close(self) -> None:
        """End all of it."""
        self.hub.__exit__(None, None, None)

    def servers(self) -> dict[str, dict[str, Any]]:
        """What the hub says, by id."""
        with self.hub.api() as api:
            return {server["id"]: server for server in api.get("/servers").json()["items"]}

    def machine(self) -> dict[str, list[int]]:
        """Which processes serve which server, by their own environment and command line."""
        found: dict[str, list[int]] = {server_id: [] for server_id in self.ids}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE or tiny_opencode.__file__ not in process.cmdline():
                    continue
                environ = process.environ()
                if environ.get("XDG_CONFIG_HOME") == str(self.hub.home / "opencode" / "config"):
                    found.setdefault(environ["OPENCODE_NEXUS_MARK"].split(":")[1], []).append(process.pid)
        return found

    async def strike(self, chance: random.Random) -> None:
        """One round."""
        order, moment = chance.choice(ORDERS), chance.uniform(0.0, LATEST)
        chosen = chance.sample(self.ids, chance.randint(1, SERVERS))
        before = {server_id: server["pid"] for server_id, server in (await asyncio.to_thread(self.servers)).items()}

        def ask() -> None:
            with contextlib.suppress(httpx2.HTTPError), self.hub.api() as api:
                api.post("/servers/bulk", json={"action": order, "ids": chosen})

        asked = asyncio.create_task(asyncio.to_thread(ask))
        await asyncio.sleep(moment)  # the moment of the fault, not a wait for something
        await asyncio.to_thread(self.hub.kill)
        await asked
        left = await asyncio.to_thread(self.machine)
        told = f"{order} of {len(chosen)} at {moment:.3f}: "
        assert all(len(pids) <= 1 for pids in left.values()), f"{told}started twice: {left}"
        for server_id, pid in before.items():
            if pid is not None and server_id not in chosen:
                assert left[server_id] == [pid], f"{told}{server_id} was not meant, and is gone"
        await asyncio.to_thread(self.hub.start)
        await self._agrees(told)
        now = await asyncio.to_thread(self.servers)
        for server_id, pid in before.items():
            if pid is not None and server_id not in chosen:
                assert now[server_id]["pid"] == pid, f"{told}{server_id} was not taken up as it was"
        for server in now.values():
            if server["autostart"]:
                assert server["state"] == "running", f"{told}{server['id']} is {server['state']}: {server['reason']}"

    async def _agrees(self, told: str) -> None:
        """Until the hub has settled; then what it says is what the machine has."""
        seen: dict[str, Any] = {}

        async def look() -> bool:
            servers = await asyncio.to_thread(self.servers)
            machine = await asyncio.to_thread(self.machine)
            said = {
                server_id: [server["pid"]] if server["pid"] is not None else [] for server_id, server in servers.items()
            }
            seen.update(said=said, machine=machine, states={key: one["state"] for key, one in servers.items()})
            settled = all(
                server["state"] in (("running",) if server["autostart"] else ("running", "stopped"))
                for server in servers.values()
            )
            return settled and said == machine

        try:
            await until(look, "the hub says what the machine has", 60)
        except AssertionError as error:
            raise AssertionError(f"{told}{seen}") from error


def chance_of(seed: int, number: int) -> random.Random:
    """The dice of one round; the same for the same seed and number."""
    return random.Random(f"hub kills {seed} {number}")


async def play(told: argparse.Namespace, passed: dict[str, bool]) -> int:
    """Play what has not passed yet until the time is up; returns how many rounds failed."""
    opencode = find_opencode()
    if opencode is None:
        sys.exit("no OpenCode to test with: run scripts/setup test first")
    deadline, failed = time.monotonic() + 60 * told.minutes, 0
    todo = [number for number in range(told.times) if not passed.get(f"{told.seed} {number}")]
    with tempfile.TemporaryDirectory(prefix="nexus-kills-") as folder:
        ground = Ground(Path(folder) / "ground", opencode)
        try:
            await asyncio.to_thread(ground.open)
            for number in todo:
                if time.monotonic() > deadline:
                    print("time is up; run it again to go on", flush=True)
                    break
                try:
                    await ground.strike(chance_of(told.seed, number))
                    passed[f"{told.seed} {number}"] = True
                    KEPT.write_text(json.dumps(passed, indent=1))
                except Exception:
                    traceback.print_exc()
                    failed += 1
        finally:
            await asyncio.to_thread(ground.close)
    return failed


def main() -> int:
    """Play, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many minutes (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=50, help="rounds (default 50)")
    parser.add_argument("--fresh", action="store_true", help="forget what has passed before")
    args = parser.parse_known_args()[0]
    passed: dict[str, bool] = json.loads(KEPT.read_text()) if KEPT.exists() and not args.fresh else {}
    failed = asyncio.run(play(args, passed))
    done = sum(bool(passed.get(f"{args.seed} {number}")) for number in range(args.times))
    print(f"command: python -m tests.faults.hub_kills --seed {args.seed} --times {args.times}")
    print(f"hub killed while it orders servers: {done} of {args.times} passed, {failed} failed now", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

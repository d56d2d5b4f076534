# SPDX-License-Identifier: MIT
"""What the hub is killed on: some servers, two versions of OpenCode, an npm that brings one, and an independent count.

Of the real OpenCode there is one build, under the names of two versions; the stand-in says which it is.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.fakes import tiny_npm, tiny_opencode, tiny_program
from tests.fakes.hub import RealHub
from tests.fakes.tiny_hub import BEFORE, TinyHub
from tests.faults.stage import until

VERSIONS = (BEFORE, tiny_opencode.VERSION)
ORDERS = ("start", "stop", "restart", "update", "bring")
PATIENCE = 90.0  # seconds; only ends a test that waits for something that never comes

Ran = list[tuple[int, str]]
"""The processes of a server: process id, and the version that it is, "" when that cannot be told."""


class Ground:
    """A hub with some servers of the stand-in OpenCode, which starts at once, or of the real one."""

    def __init__(self, root: Path, opencode: Path, *, real: bool = False) -> None:
        self.real, self._opencode = real, opencode
        self.servers_wanted = 3 if real else 4  # every other one starts with the hub
        # seconds after the order: a start takes some 0.3 s of the stand-in, 2 to 3 of the real one, two at once
        self.latest = 6.0 if real else 1.5
        brought = opencode
        if not real and tiny_program.available():
            root.mkdir(parents=True, exist_ok=True)
            brought = root / "brought"
            brought.write_bytes(tiny_program.program())
            brought.chmod(0o755)
        self._size = brought.stat().st_size
        path = os.pathsep.join((str(tiny_npm.install(root / "npm", brought)), os.environ["PATH"]))
        self.hub: RealHub = (RealHub if real else TinyHub)(root, opencode, PATH=path)
        self.ids: list[str] = []

    def open(self) -> None:
        """Set it up, and add the servers."""
        done = self.hub.set_up()
        assert done.returncode == 0, done.stdout + done.stderr
        for version in VERSIONS:
            if self.real:
                program = self._program(version)
                program.parent.mkdir(parents=True)
                try:
                    os.link(self._opencode, program)
                except OSError:  # on another disk
                    shutil.copy2(self._opencode, program)
            else:
                tiny_opencode.install(self.hub.root, version)
        self.hub.start()
        self.hub.make_token()
        with self.hub.api() as api:
            for number in range(1, self.servers_wanted):
                folder = self.hub.root / f"project{number}"
                folder.mkdir()
                body = {"name": f"Server {number}", "projects": [str(folder)], "autostart": number % 2 == 0}
                assert api.post("/servers", json=body).status_code == 201
            self.ids = [server["id"] for server in api.get("/servers").json()["items"]]
            for server_id in self.ids:
                assert api.patch(f"/servers/{server_id}", json={"version": VERSIONS[-1]}).status_code == 200
        assert len(self.ids) == self.servers_wanted

    def close(self) -> None:
        """End all of it."""
        self.hub.__exit__(None, None, None)

    # -- one round -----------------------------------------------------------------------------------------------

    async def strike(self, chance: random.Random) -> str:
        """One round; returns what was asked for, and when the hub was killed."""
        order, moment = chance.choice(ORDERS), chance.uniform(0.0, self.latest)
        chosen = [] if order == "bring" else chance.sample(self.ids, chance.randint(1, len(self.ids)))
        told = f"{order} of {len(chosen)} at {moment:.3f}"
        before = await asyncio.to_thread(self.servers)
        wanted = {server_id: server["wanted_version"] for server_id, server in before.items()}
        asked = asyncio.create_task(asyncio.to_thread(self._ask, order, chosen, wanted))
        await asyncio.sleep(moment)  # the moment of the fault, not a wait for something
        await asyncio.to_thread(self.hub.kill)
        await asked
        left = await asyncio.to_thread(self.machine)
        assert all(len(found) <= 1 for found in left.values()), f"{told}: started twice: {left}"
        kept = {key: server["pid"] for key, server in before.items() if server["pid"] and key not in chosen}
        for server_id, pid in kept.items():
            assert [one[0] for one in left[server_id]] == [pid], f"{told}: {server_id} was not meant, and is gone"
        await asyncio.to_thread(self.hub.start)
        # what ran, and was not asked to stop, runs; and so does what starts with the hub
        runs = {key for key, server in before.items() if server["autostart"] or (server["pid"] and order != "stop")}
        now = await self._agrees(told, runs | set(kept))
        for server_id, pid in kept.items():
            assert now[server_id]["pid"] == pid, f"{told}: {server_id} was not taken up as it was"
        for server_id, server in now.items():
            other = {wanted[server_id]} if server_id not in chosen or order != "update" else set(VERSIONS)
            assert server["wanted_version"] in other, f"{told}: {server_id} is to run {server['wanted_version']}"
            assert server["wanted_version"] == wanted[server_id] or order == "update", f"{told}: an edit is lost"
        if order == "bring":
            await self._brings(told)
        return told

    def _ask(self, order: str, chosen: list[str], wanted: dict[str, str]) -> None:
        """Give the order; `wanted` has the versions that the hub has said it keeps."""
        with contextlib.suppress(httpx2.HTTPError), self.hub.api() as api:
            if order == "bring":
                self._bring()
                return
            if order == "update":
                for server_id in chosen:
                    version = VERSIONS[VERSIONS.index(wanted[server_id]) - 1]
                    if api.patch(f"/servers/{server_id}", json={"version": version}).is_success:
                        wanted[server_id] = version
            action = "restart" if order == "update" else order
            api.post("/servers/bulk", json={"action": action, "ids": chosen})

    # -- what the hub says, and what is there --------------------------------------------------------------------

    def servers(self) -> dict[str, dict[str, Any]]:
        """What the hub says, by id."""
        with self.hub.api() as api:
            return {server["id"]: server for server in api.get("/servers").json()["items"]}

    def machine(self) -> dict[str, Ran]:
        """Which processes serve which server, by their own environment, command line and program."""
        found: dict[str, dict[int, psutil.Process]] = {server_id: {} for server_id in self.ids}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE or "serve" not in process.cmdline():
                    continue
                environ = process.environ()
                if environ.get("XDG_CONFIG_HOME") == str(self.hub.home / "opencode" / "config"):
                    found[environ["OPENCODE_NEXUS_MARK"].split(":")[1]][process.pid] = process
        counted: dict[str, Ran] = {}
        for server_id, processes in found.items():
            counted[server_id] = []
            for process in processes.values():
                with contextlib.suppress(psutil.Error):
                    if process.ppid() not in processes:  # a copy of itself that is about to run something else
                        counted[server_id].append((process.pid, self._version(process)))
        return counted

    def _version(self, process: psutil.Process) -> str:
        if not self.real:
            return process.environ()["TINY_VERSION"]
        program = Path(process.exe())
        return program.parent.name if program.is_relative_to(self.hub.home) else ""

    def _said(self, server: dict[str, Any]) -> Ran:
        if server["pid"] is None:
            return []
        if not self.real:
            return [(server["pid"], server["version"])]
        # both names say the same version: which of them runs, the hub says by "that is what is wanted"
        return [(server["pid"], "" if server["changed"] else server["wanted_version"])]

    async def _agrees(self, told: str, runs: set[str]) -> dict[str, dict[str, Any]]:
        """Until the hub has settled; then what it says is what the machine has. Returns what it says."""
        seen: dict[str, Any] = {}

        async def look() -> bool:
            servers = await asyncio.to_thread(self.servers)
            machine = await asyncio.to_thread(self.machine)
            said = {server_id: self._said(server) for server_id, server in servers.items()}
            if self.real:
                for server_id, server in servers.items():
                    if server["changed"]:
                        machine[server_id] = [(pid, "") for pid, _ in machine[server_id]]
            states = {key: (one["state"], one["planned"], one["reason"]) for key, one in servers.items()}
            seen.update(said=said, machine=machine, states=states, servers=servers)
            settled = all(
                not server["planned"] and server["state"] in (("running",) if key in runs else ("running", "stopped"))
                for key, server in servers.items()
            )
            return settled and said == machine

        try:
            await until(look, "the hub says what the machine has", PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"{told}: {seen}") from error
        servers: dict[str, dict[str, Any]] = seen["servers"]
        return servers

    # -- bringing a version --------------------------------------------------------------------------------------

    def _program(self, version: str) -> Path:
        return self.hub.home / "opencode" / "versions" / version / "opencode"

    def _local(self) -> httpx2.Client:
        token = json.loads((self.hub.home / "hub.json").read_text())["token"]
        headers = {"authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=self.hub.url + "api/v1", headers=headers, timeout=60, trust_env=False)

    def _bring(self) -> None:
        with self._local() as api:
            reply = api.post("/setup/bring")
            assert reply.is_success, reply.text

    def _left_of_a_job(self) -> list[str]:
        folder = self.hub.home / "opencode"
        left = [str(path) for place in ("downloads", "versions") for path in (folder / place).glob("work-*")]
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.cmdline())
                if process.status() != psutil.STATUS_ZOMBIE and "tiny_npm" in words and str(self.hub.root) in words:
                    left.append(words)
        return left

    async def _brings(self, told: str) -> None:
        """Nothing is left of the job that was cut off but whole versions, and the next one comes to its end."""
        left = await asyncio.to_thread(self._left_of_a_job)
        assert not left, f"{told}: {left}"
        for program in (self.hub.home / "opencode" / "versions").glob("*"):
            assert (program / "opencode").stat().st_size in (self._size, self._opencode.stat().st_size), told
        with self._local() as api:
            assert not (await asyncio.to_thread(api.get, "/setup")).json()["bringing"]["running"], told
            await asyncio.to_thread(self._bring)
            said: dict[str, Any] = {}

            async def done() -> bool:
                said.update((await asyncio.to_thread(api.get, "/setup")).json()["bringing"])
                assert said["stage"] != "failed", f"{told}: {said}"
                return bool(said["stage"] == "done" and not said["running"])

            await until(done, f"{told}: the next job is done", PATIENCE)
        assert self._program(tiny_npm.VERSION).stat().st_size == self._size, told
        assert not await asyncio.to_thread(self._left_of_a_job), told
